// Package config reads the file that says in which chat people vote on updates, and
// which user of the cluster each of them is.
package config

import (
	"slices"

	"github.com/garboard-dev/garboard/internal/configfile"
)

// What a settings file says it is.
const (
	APIVersion = "garboard.dev/v1alpha1"
	Kind       = "ChatConfig"
)

// Config is a file of chats, read and found to be good. It never changes.
type Config struct {
	// Slack is nil where the file has none, and so is Mattermost.
	Slack      *Slack
	Mattermost *Mattermost
}

// Slack is an app in a workspace, reached by socket mode.
type Slack struct {
	// AppToken opens the connection (xapp-…), BotToken writes messages (xoxb-…).
	AppToken, BotToken configfile.Secret
	// Channel is the ID of the channel in which updates are shown and commands are read.
	Channel string
	// APIURL is where Slack's API is, with a slash at its end.
	APIURL string
	// Room is what may be seen and voted on there, and by whom.
	Room
}

// Mattermost is a slash command that a server sends.
type Mattermost struct {
	// Token is what the server proves itself by.
	Token configfile.Secret
	Room
}

// Room is what may be seen and voted on in a chat, and by whom.
type Room struct {
	// Users are the people who may list updates and vote. Others are told that they may not.
	Users []User
	// Namespaces are those whose updates are shown; empty is all.
	Namespaces []string
}

// User is a person of the chat, and who they are in the cluster.
type User struct {
	// ID is the chat's own, which the person cannot change.
	ID string
	// Name and Groups are what the vote is cast as.
	Name   string
	Groups []string
}

// User returns who a person is in the cluster.
func (r *Room) User(id string) (User, bool) {
	at := slices.IndexFunc(r.Users, func(u User) bool { return u.ID == id })
	if id == "" || at < 0 {
		return User{}, false
	}
	return r.Users[at], true
}

// Shows reports whether updates of a namespace are shown.
func (r *Room) Shows(namespace string) bool {
	return len(r.Namespaces) == 0 || slices.Contains(r.Namespaces, namespace)
}
