// Package transport sends HTTP requests to hosts that an image reference, a redirect
// or a token service has named, and that are therefore not trusted: addresses are
// checked when they are dialled, after DNS; each host has a rate limit, the pauses
// that it asks for and a circuit breaker; bodies that come too slowly are broken off.
// It knows neither repositories nor how to sign in.
package transport
