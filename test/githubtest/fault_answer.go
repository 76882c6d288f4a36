package githubtest

import (
	"maps"
	"net"
	"net/http"
	"strconv"
)

// replaces says whether there is another answer than that of the work.
func (f *struck) replaces() bool { return f.Status != 0 || f.Func != nil || f.Reset }

// replace lays the fault over an answer.
func (f *struck) replace(x *exchange, a reply) reply {
	if f.Status != 0 {
		a = reply{status: f.Status, header: merged(x.meter.headers(x), nil), bytes: []byte(f.Body)}
		if f.Body == "" {
			a.body = f.message()
			a = encode(a)
		}
	}
	a.header = merged(a.header, f.Header)
	if f.Func != nil {
		e := x.entry(a, a.header, true)
		f.Func(&e)
		a.status, a.header, a.bytes = e.Status, e.Header, e.Answer
	}
	return a
}

func (f *struck) message() object {
	body := object{"message": f.Message, "status": strconv.Itoa(f.Status), "documentation_url": "https://docs.github.com/rest"}
	if f.About != "" {
		body["documentation_url"] = f.About
	}
	if f.About == "-" {
		delete(body, "documentation_url")
	}
	return body
}

// cutter is a connection in the process, which can be ended in its own way.
type cutter interface {
	reset()
	truncate(n int)
}

// cut ends the connection early, if the fault is of that kind.
func (f *struck) cut(w http.ResponseWriter, a reply) bool {
	inside, isInside := w.(cutter)
	switch {
	case f.Reset && isInside:
		inside.reset()
	case f.Reset:
		reset(w)
	case f.Truncate > 0 && f.Truncate < len(a.bytes) && isInside:
		inside.truncate(f.Truncate)
		return false
	case f.Truncate > 0 && f.Truncate < len(a.bytes):
		truncate(w, a, f.Truncate)
	default:
		return false
	}
	return true
}

// reset ends the connection as if the machine at its other end were gone.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // at worst it ends politely
	}
	_ = conn.Close()
}

func truncate(w http.ResponseWriter, a reply, n int) {
	maps.Copy(w.Header(), http.Header{"Content-Length": {strconv.Itoa(len(a.bytes))}})
	w.WriteHeader(a.status)
	_, _ = w.Write(a.bytes[:n])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
