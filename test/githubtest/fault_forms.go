package githubtest

import (
	"net/http"
	"strconv"
	"time"
)

// BadCredentials is a 401, as of a token that has just been revoked.
func BadCredentials(operation string) Fault {
	return Fault{Operation: operation, Status: http.StatusUnauthorized, Message: "Bad credentials"}
}

// Forbidden is the 403 of a permission that is missing.
func Forbidden(operation string) Fault {
	return Fault{Operation: operation, Status: http.StatusForbidden, Message: "Resource not accessible by integration"}
}

// NotFound is a 404.
func NotFound(operation string) Fault {
	return Fault{Operation: operation, Status: http.StatusNotFound, Message: "Not Found"}
}

// Conflict is a 409 in GitHub's words.
func Conflict(operation, message string) Fault {
	return Fault{Operation: operation, Status: http.StatusConflict, Message: message}
}

// Unprocessable is a 422 in GitHub's words.
func Unprocessable(operation, message string) Fault {
	return Fault{Operation: operation, Status: http.StatusUnprocessableEntity, Message: message}
}

// TooManyRequests is a 429 without a word of which limit; retryAfter is told in
// whole seconds, and not at all when it is negative.
func TooManyRequests(operation string, retryAfter time.Duration) Fault {
	return Fault{
		Operation: operation, Status: http.StatusTooManyRequests, Message: "Too many requests", Header: after(retryAfter),
	}
}

// SecondaryLimit is a 403 or a 429; retryAfter is told in whole seconds, and
// not at all when it is negative.
func SecondaryLimit(operation string, status int, retryAfter time.Duration) Fault {
	return Fault{
		Operation: operation, Status: status, Header: after(retryAfter), About: aboutSecondary,
		Message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
	}
}

// Undocumented is the fault without a documentation_url, by which some clients
// know a secondary limit.
func Undocumented(f Fault) Fault {
	f.About = "-"
	return f
}

func after(d time.Duration) http.Header {
	if d < 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(int(d / time.Second))}}
}

// ServerError is a 500.
func ServerError(operation string) Fault {
	return Fault{Operation: operation, Status: http.StatusInternalServerError, Message: "Server Error"}
}

// BadGateway is a 502 as the front answers it, in HTML; when says whether the
// work has been done.
func BadGateway(operation string, when When) Fault {
	return Fault{
		Operation: operation, When: when, Status: http.StatusBadGateway,
		Header: http.Header{"Content-Type": {"text/html"}},
		Body:   "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n</body>\n</html>\n",
	}
}

// ConnectionReset is a TCP reset instead of an answer.
func ConnectionReset(operation string, when When) Fault {
	return Fault{Operation: operation, When: when, Reset: true}
}

// Held is a call that hangs until the test releases it or the client gives up;
// then it is done.
func Held(operation string) Fault { return Fault{Operation: operation, Hold: true} }

// StaleRead answers a read as it was answered the last time.
func StaleRead(operation string) Fault { return Fault{Operation: operation, Stale: true} }

// Truncated ends the answer's body after n bytes.
func Truncated(operation string, n int) Fault { return Fault{Operation: operation, Truncate: n} }

// GraphQLError is a 200 with an error of GraphQL, of a type such as
// "UNPROCESSABLE", for a call's field.
func GraphQLError(field, kind, message string) Fault {
	body := encode(ok(object{
		"data":   object{field: nil},
		"errors": []object{{"type": kind, "path": []string{field}, "message": message}},
	}))
	return Fault{Operation: field, Status: http.StatusOK, Body: string(body.bytes), Header: body.header}
}
