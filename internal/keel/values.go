package keel

import (
	"slices"
	"strings"
)

// Value is a value of Keel's chart, or all values below a path.
type Value struct {
	Path string
	Fate Fate
	// Why says what takes its place, or why nothing does.
	Why string
}

const (
	ofManifests = "the same field of Garboard's Deployments, in an overlay"
	ofService   = "an Ingress, Gateway or Service of yours that leads to the Service `garboard-push`"
)

var values = []Value{
	{"image", NotNeeded, "it is Keel's own"},
	{"imagePullSecrets", Mapped, ofManifests},
	{"extraEnv", Mapped, "as the variables that it sets"},
	{"extraArgs", NotNeeded, "Keel's flags name a cluster and the folder of its page"},
	{"extraContainers", Mapped, ofManifests},
	{"extraVolumes", Mapped, ofManifests},
	{"extraVolumeMounts", Mapped, ofManifests},
	{"insecureRegistry", Mapped, "as `INSECURE_REGISTRY`"},
	{"polling", Mapped, "as `POLL` and `POLL_DEFAULTSCHEDULE`"},
	{"helmProvider", Mapped, "as `HELM3_PROVIDER` and `HELM_DRIVER`"},
	{"gcr", NotPossible, "as `PUBSUB`, `PROJECT_ID` and `CLUSTER_NAME`"},
	{"ecr", Mapped, "as `AWS_ACCESS_KEY_ID` and the others"},
	{"aws", Mapped, "as `AWS_REGION`"},
	{"googleApplicationCredentials", Mapped, "as `GOOGLE_APPLICATION_CREDENTIALS`"},
	{"dockerRegistry", NotPossible, "as `DOCKER_REGISTRY_CFG`"},
	{"notificationLevel", Mapped, "as `NOTIFICATION_LEVEL`"},
	{"webhook", Mapped, "as `WEBHOOK_ENDPOINT`"},
	{"slack", Mapped, "as `SLACK_BOT_TOKEN` and the others"},
	{"hipchat", NotPossible, hipChatIsGone},
	{"mattermost", Mapped, "as `MATTERMOST_ENDPOINT`"},
	{"teams", Mapped, "as `TEAMS_WEBHOOK_URL`"},
	{"discord", Mapped, "as `DISCORD_WEBHOOK_URL`"},
	{"shoutrrr", Mapped, "as `SHOUTRRR_URLS`"},
	{"mail", Mapped, "as `MAIL_TO` and the others"},
	{"basicauth", Mapped, "as `BASIC_AUTH_USER` and `BASIC_AUTH_PASSWORD`"},
	{"auth", NotNeeded, ownSignIn},
	{"oauth2Proxy", NotNeeded, ownSignIn},
	{"service", Mapped, ofService},
	{"serviceAnnotations", Mapped, ofService},
	{"ingress", Mapped, ofService},
	{"gcloud", Mapped, ofService},
	{"webhookRelay", Mapped, "the relay in a Deployment of its own, whose bucket leads to the Service `garboard-push`"},
	{"secret", Mapped, "the Secrets `garboard-notifications`, `garboard-push` and `garboard-chat`"},
	{"rbac", NotNeeded, "Garboard's manifests have the rights that it needs"},
	{"startupProbe", Mapped, ofManifests},
	{"resources", Mapped, ofManifests},
	{"nodeSelector", Mapped, ofManifests},
	{"affinity", Mapped, ofManifests},
	{"tolerations", Mapped, ofManifests},
	{"podAnnotations", Mapped, ofManifests},
	{"podSecurityContext", Mapped, ofManifests},
	{"containerSecurityContext", Mapped, ofManifests},
	{"podDisruptionBudget", NotNeeded, "Garboard's manifests have one"},
	{"debug", Mapped, "as `DEBUG`"},
	{"persistence", NotNeeded, "there is no database"},
	{"createNamespaceResource", NotNeeded, "Garboard's manifests have its namespace"},
	{"keel", NotNeeded, "Keel's update of itself"},
}

// Values are the values of Keel's chart.
func Values() []Value { return slices.Clone(values) }

// ValueOf finds what is known of the value at a path such as slack.enabled.
func ValueOf(path string) (Value, bool) {
	first, _, _ := strings.Cut(path, ".")
	at := slices.IndexFunc(values, func(v Value) bool { return v.Path == first })
	if at < 0 {
		return Value{}, false
	}
	return values[at], true
}
