package keel

import "slices"

// Fate is what becomes of something that Keel has.
type Fate string

// Fates.
const (
	// Mapped is what a migration writes down again, in Garboard's terms.
	Mapped Fate = "mapped"
	// NotNeeded is what Garboard has no use for.
	NotNeeded Fate = "not needed"
	// NotPossible is what Garboard cannot do, or cannot be told by a program.
	NotPossible Fate = "not possible"
	// NotRead is what Keel 0.22.1 does not read either.
	NotRead Fate = "not read by Keel"
)

// Variable is an environment variable of Keel.
type Variable struct {
	Name string
	Fate Fate
	// Why says what takes its place, or why nothing does.
	Why string
}

// The variables that decide about more than a sentence.
//
//nolint:gosec // names, and no credentials
const (
	Poll                  = "POLL"
	PollDefaultSchedule   = "POLL_DEFAULTSCHEDULE"
	RestrictedNamespace   = "RESTRICTED_NAMESPACE"
	InsecureRegistry      = "INSECURE_REGISTRY"
	PrivateRegistry       = "PRIVATE_REGISTRY"
	AuthenticatedWebhooks = "AUTHENTICATED_WEBHOOKS"
	BasicAuthUser         = "BASIC_AUTH_USER"
	BasicAuthPassword     = "BASIC_AUTH_PASSWORD"
	Helm3Provider         = "HELM3_PROVIDER"
	PubSub                = "PUBSUB"
	Debug                 = "DEBUG"
	NotificationLevel     = "NOTIFICATION_LEVEL"
	SlackBotToken         = "SLACK_BOT_TOKEN"
	SlackAppToken         = "SLACK_APP_TOKEN"
	SlackBotName          = "SLACK_BOT_NAME"
	SlackChannels         = "SLACK_CHANNELS"
	MattermostEndpoint    = "MATTERMOST_ENDPOINT"
	MattermostUsername    = "MATTERMOST_USERNAME"
	TeamsWebhookURL       = "TEAMS_WEBHOOK_URL"
	DiscordWebhookURL     = "DISCORD_WEBHOOK_URL"
	WebhookEndpoint       = "WEBHOOK_ENDPOINT"
	ShoutrrrURLs          = "SHOUTRRR_URLS"
	MailTo                = "MAIL_TO"
	MailFrom              = "MAIL_FROM"
	MailServer            = "MAIL_SMTP_SERVER"
	MailPort              = "MAIL_SMTP_PORT"
	MailUser              = "MAIL_SMTP_USER"
	MailPassword          = "MAIL_SMTP_PASS"
)

const (
	hipChatIsGone = "HipChat was shut down in February 2019; nothing can be sent to it"
	mailURL       = "the mail channel's URL"
	ownSignIn     = "rights are Kubernetes'; a page in the cluster, where you turn it on, has settings of its own for signing in"
	inCluster     = "Garboard runs in the cluster that it looks after; `--kubeconfig` names another"
	clouds        = "the same variable on both Deployments, or better an identity of the Pods, with `--cloud-identities`"
	proxies       = "the same variable on both Deployments, or `proxy` in the registry settings"
	noHelmWrites  = "Garboard runs no Helm: it reads releases through the API server"
)

// variables has those of Keel 0.22.1 and of its chart, and those of older releases that
// are still about.
var variables = []Variable{
	{Poll, Mapped, "`false`: `garboard.dev/trigger: push` on the namespaces. Otherwise nothing is needed: every governed workload is polled"},
	{PollDefaultSchedule, Mapped, "`garboard.dev/pollSchedule` on the namespaces. One that cannot be read means the default of 10 minutes"},
	{PubSub, NotPossible, "Keel subscribes by itself; here a push subscription of yours leads to the sender `gar`"},
	{"PROJECT_ID", NotNeeded, "the push subscription is made in its project"},
	{"CLUSTER_NAME", NotNeeded, "it names Keel's own subscription"},
	{RestrictedNamespace, Mapped, "the label `garboard.dev/enabled` on that namespace alone; `keel` means all to Keel"},
	{Helm3Provider, Mapped, "the overlay `helm-values`, which reads the same block `keel:`"},
	{"HELM_DRIVER", NotPossible, "releases are read from Secrets, Helm's default; of other drivers the settings have to stand on the workloads"},
	{"HELM_DRIVER_SQL_CONNECTION_STRING", NotPossible, "as `HELM_DRIVER`"},
	{"HELM_KUBECONTEXT", NotNeeded, noHelmWrites},
	{"HELM_KUBETOKEN", NotNeeded, noHelmWrites},
	{"HELM_KUBEAPISERVER", NotNeeded, noHelmWrites},
	{"UI_DIR", NotNeeded, "`garboard page` has its files in the program"},
	{"XDG_DATA_HOME", NotNeeded, "there is no database: state lives in the API server"},
	{Debug, Mapped, "`--log-level=debug` on both Deployments"},
	{NotificationLevel, Mapped, "`level` of each channel; `fatal` is `error`"},
	{WebhookEndpoint, Mapped, "a channel; its template has to write the JSON that your program reads"},
	{SlackBotToken, Mapped, "the URLs of the Slack channels, and `botTokenFile` of the chat settings for votes"},
	{SlackBotName, Mapped, "`botname` in the URLs of the Slack channels"},
	{SlackChannels, Mapped, "a channel for each; Slack wants its id in the URL"},
	{SlackAppToken, Mapped, "`appTokenFile` of the chat settings"},
	{"SLACK_APPROVALS_CHANNEL", Mapped, "`channel` of the chat settings, by its ID; their `users` say who may vote"},
	{MattermostEndpoint, Mapped, "a channel"},
	{MattermostUsername, Mapped, "the user in the channel's URL"},
	{TeamsWebhookURL, Mapped, "a channel; a workflow of Teams needs a template"},
	{DiscordWebhookURL, Mapped, "a channel"},
	{ShoutrrrURLs, Mapped, "a channel for each URL, with the same URL"},
	{"SHOUTRRR_TIMEOUT", NotNeeded, "a message is tried five times, for 20 seconds each"},
	{MailTo, Mapped, mailURL},
	{MailFrom, Mapped, mailURL},
	{MailServer, Mapped, mailURL},
	{MailPort, Mapped, mailURL},
	{MailUser, Mapped, mailURL},
	{MailPassword, Mapped, mailURL},
	{"HIPCHAT_SERVER", NotPossible, hipChatIsGone},
	{"HIPCHAT_TOKEN", NotPossible, hipChatIsGone},
	{"HIPCHAT_BOT_NAME", NotPossible, hipChatIsGone},
	{"HIPCHAT_CHANNELS", NotPossible, hipChatIsGone},
	{"HIPCHAT_APPROVALS_CHANNEL", NotPossible, hipChatIsGone},
	{"HIPCHAT_APPROVALS_USER_NAME", NotPossible, hipChatIsGone},
	{"HIPCHAT_APPROVALS_BOT_NAME", NotPossible, hipChatIsGone},
	{"HIPCHAT_APPROVALS_PASSWORT", NotPossible, hipChatIsGone},
	{"HIPCHAT_CONNECTION_ATTEMPTS", NotPossible, hipChatIsGone},
	{BasicAuthUser, Mapped, "`basic` of each push sender, where `AUTHENTICATED_WEBHOOKS` is `true`; else nothing needs it"},
	{BasicAuthPassword, Mapped, "as `BASIC_AUTH_USER`, in the Secret `garboard-push`"},
	{AuthenticatedWebhooks, Mapped, "`basic` of each push sender but `registry`; without it the senders are `unauthenticated`, as in Keel"},
	{"TOKEN_SECRET", NotNeeded, ownSignIn},
	{"AUTH_MODE", NotNeeded, ownSignIn},
	{"AUTH_PROXY_USER_HEADER", NotNeeded, ownSignIn},
	{"AUTH_PROXY_LOGOUT_URL", NotNeeded, ownSignIn},
	{PrivateRegistry, Mapped, "`registry` of the push sender `jfrog`"},
	{InsecureRegistry, Mapped, "`plainHTTP` of the registries that look private; certificates are always verified, so one with TLS gets a `ca` in its place"},
	{"DOCKER_REGISTRY_CFG", NotPossible, "a program that reads no Secret cannot divide it: credentials of each registry in its settings, or a pull secret of the workloads or their ServiceAccount"},
	{"GOOGLE_APPLICATION_CREDENTIALS", Mapped, "an identity of the Pods, with `--cloud-identities=gcp`; outside Google Cloud the variable on both Deployments, with the file mounted"},
	{"AWS_ACCESS_KEY_ID", Mapped, clouds},
	{"AWS_SECRET_ACCESS_KEY", Mapped, clouds},
	{"AWS_SESSION_TOKEN", Mapped, clouds},
	{"AWS_REGION", Mapped, clouds},
	{"AWS_PROFILE", Mapped, clouds},
	{"AWS_ROLE_ARN", Mapped, clouds},
	{"AWS_WEB_IDENTITY_TOKEN_FILE", Mapped, clouds},
	{"HTTP_PROXY", Mapped, proxies},
	{"HTTPS_PROXY", Mapped, proxies},
	{"NO_PROXY", Mapped, proxies},
	{"KUBERNETES_CONFIG", NotNeeded, inCluster},
	{"KUBERNETES_MASTERURL", NotNeeded, inCluster},
	{"KUBERNETES_CONTEXT", NotNeeded, inCluster},
	{"NAMESPACE", NotNeeded, "the chart sets it to Keel's own namespace; Garboard's Pods are told theirs"},
	{"IGNORE", NotRead, "a namespace without the label is left alone, and a workload with `garboard.dev/skip`"},
	{"SLACK_TOKEN", NotRead, "of releases before `SLACK_BOT_TOKEN`"},
	{"GITHUB_SECRET_TOKEN", NotRead, "`hmacSecretFile` of the push sender `github` is what it was for"},
	{"HELM_PROVIDER", NotRead, "of Helm 2"},
	{"TILLER_NAMESPACE", NotRead, "of Helm 2"},
	{"TILLER_ADDRESS", NotRead, "of Helm 2"},
}

// Variables are the environment variables that Keel's users set.
func Variables() []Variable { return slices.Clone(variables) }

// VariableOf finds a variable by its name.
func VariableOf(name string) (Variable, bool) {
	for _, v := range variables {
		if v.Name == name {
			return v, true
		}
	}
	return Variable{}, false
}
