package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// logged is how long the log of deliveries is kept.
const logged = 3 * 24 * time.Hour

// Deliveries is every attempt so far to send a webhook, in the order in which
// they ended; the real log, which the App sees, keeps them for three days.
func (s *Server) Deliveries() []Delivery {
	s.hook.mu.Lock()
	defer s.hook.mu.Unlock()
	return slices.Clone(s.hook.log)
}

// recent is what the App's log has, newest first.
func (s *Server) recent() []Delivery {
	all := s.Deliveries()
	all = slices.DeleteFunc(all, func(d Delivery) bool { return s.Now().Sub(d.At) > logged })
	slices.Reverse(all)
	return all
}

func orNull[T comparable](v T) any {
	var none T
	if v == none {
		return nil
	}
	return v
}

func showDelivery(d Delivery) object {
	return object{
		"id": d.ID, "guid": d.GUID, "delivered_at": stamp(d.At), "redelivery": d.Redelivery, "duration": d.Duration.Seconds(),
		"status": d.Status, "status_code": d.Code, "event": d.Event, "action": orNull(d.Action),
		"installation_id": orNull(d.Installation), "repository_id": orNull(d.Repository), "throttled_at": nil,
	}
}

// listDeliveries pages by a cursor: what comes meanwhile shifts no page.
func listDeliveries(c *call) reply {
	all := c.recent()
	if status := c.query.Get("status"); status != "" {
		all = slices.DeleteFunc(all, func(d Delivery) bool { return d.OK() != (status == "success") })
	}
	if cursor := c.query.Get("cursor"); cursor != "" {
		before, err := strconv.ParseInt(strings.TrimPrefix(cursor, "v1_"), 10, 64)
		if err != nil {
			return failure(http.StatusUnprocessableEntity, "Invalid cursor")
		}
		all = slices.DeleteFunc(all, func(d Delivery) bool { return d.ID > before })
	}
	size := min(c.positive("per_page", 30), 100)
	header := http.Header{}
	if len(all) > size {
		query := url.Values{"per_page": {strconv.Itoa(size)}, "cursor": {fmt.Sprintf("v1_%d", all[size].ID)}}
		if status := c.query.Get("status"); status != "" {
			query.Set("status", status)
		}
		header.Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, c.api("/app/hook/deliveries"), query.Encode()))
		all = all[:size]
	}
	shown := []object{}
	for _, d := range all {
		shown = append(shown, showDelivery(d))
	}
	return reply{status: http.StatusOK, body: shown, header: header}
}

// delivery is the one that the path names, or nil.
func (c *call) delivery() *Delivery {
	for _, d := range c.recent() {
		if d.ID == c.number("delivery_id") {
			return &d
		}
	}
	return nil
}

func getDelivery(c *call) reply {
	d := c.delivery()
	if d == nil {
		return notFound()
	}
	shown := showDelivery(*d)
	shown["url"] = d.URL
	shown["request"] = object{"headers": headers(d.Request), "payload": json.RawMessage(d.Payload)}
	shown["response"] = object{"headers": headers(d.Response), "payload": orNull(string(d.Answer))}
	return ok(shown)
}

// headers is one as the log shows it: null when there was no answer.
func headers(h http.Header) any {
	if h == nil {
		return nil
	}
	shown := object{}
	for name, values := range h {
		shown[name] = strings.Join(values, ", ")
	}
	return shown
}

func redeliver(c *call) reply {
	d := c.delivery()
	if d == nil {
		return notFound()
	}
	again := Delivery{
		GUID: d.GUID, Event: d.Event, Action: d.Action, Installation: d.Installation, Repository: d.Repository,
		Redelivery: true, Payload: d.Payload,
	}
	c.hook.accept(again)
	return reply{status: http.StatusAccepted, body: object{}}
}

func getHookConfig(c *call) reply { return ok(c.hook.config()) }
