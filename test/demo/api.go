package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// looked is what the API tells of a repository's looks.
type looked struct {
	Looking  bool
	LastLook *time.Time
}

// look asks for a look at a repository, as a CI may, and waits until it was made.
func (w *world) look(repo string) error {
	before, err := w.looked(repo)
	if err != nil {
		return err
	}
	if err := w.call(w.token, http.MethodPost, "/api/v1/rescan", map[string]string{"repository": "acme/" + repo}, nil); err != nil {
		return err
	}
	return w.wait(context.Background(), claim{"acme/" + repo + " is looked at", func(w *world) error {
		now, err := w.looked(repo)
		if err != nil {
			return err
		}
		if now.Looking || now.LastLook == nil || before.LastLook != nil && !now.LastLook.After(*before.LastLook) {
			return errors.New("the look has not ended")
		}
		return nil
	}})
}

func (w *world) looked(repo string) (looked, error) {
	var found looked
	err := w.call(w.token, http.MethodGet, "/api/v1/repos/acme/"+repo, nil, &found)
	return found, err
}

// announce tells the App of an image, as the registry's webhook does.
func (w *world) announce(image, tag string) error {
	type object = map[string]any
	return w.call(w.hook, http.MethodPost, "/hooks/registry/demo", object{"events": []object{{
		"id": rand.Text(), "action": "push", "target": object{"repository": image, "tag": tag},
		"request": object{"host": w.stock.Host()},
	}}}, nil)
}

// call calls the server, with a secret that it knows.
func (w *world) call(secret, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing a call: %w", err)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, w.app+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("making a call: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("calling the server: %w", err)
	}
	answer, err := io.ReadAll(res.Body)
	if err := cmp.Or(err, res.Body.Close()); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	return nil
}
