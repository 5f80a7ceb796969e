{{/*
What the schema cannot say: values that go together, and what the cluster has. All of
it fails before anything is applied, with one message.

Without a cluster (helm template, helm lint) nothing is known of its kinds: only a
cluster's own list has "apps/v1/Deployment", while Helm's own has "apps/v1".
*/}}
{{- define "garboard.checks" -}}
{{- $namespace := .Release.Namespace -}}
{{- $online := .Capabilities.APIVersions.Has "apps/v1/Deployment" -}}
{{- if has $namespace (list "kube-system" "kube-node-lease" "kube-public") -}}
{{- fail (printf "namespace %q: Garboard needs a namespace of its own, since no webhook is asked about the one that it runs in; allowed: --namespace garboard --create-namespace" $namespace) -}}
{{- end -}}
{{- if eq .Values.certificates.source "certManager" -}}
{{- if .Values.certificates.caBundle -}}
{{- fail "certificates.caBundle is set, and certificates.source is certManager, which brings a CA of its own; allowed: one of the two (certificates.source: files for a certificate of yours)" -}}
{{- end -}}
{{- if and $online (not (.Capabilities.APIVersions.Has "cert-manager.io/v1")) -}}
{{- fail "certificates.source is certManager, and the cluster has no cert-manager (no cert-manager.io/v1); install it first (https://cert-manager.io/docs/installation/helm/), or bring a certificate of yours with certificates.source: files" -}}
{{- end -}}
{{- else if not .Values.certificates.caBundle -}}
{{- fail "certificates.caBundle is empty, and certificates.source is files; allowed: the CA that signed your certificate, as PEM (--set-file certificates.caBundle=ca.pem)" -}}
{{- else if not (contains "-----BEGIN CERTIFICATE-----" .Values.certificates.caBundle) -}}
{{- fail "certificates.caBundle is no PEM; allowed: text with -----BEGIN CERTIFICATE----- (--set-file certificates.caBundle=ca.pem)" -}}
{{- end -}}
{{- if and (or .Values.monitoring.podMonitors .Values.monitoring.rules) $online (not (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}
{{- fail "monitoring.podMonitors or monitoring.rules is on, and the cluster has no Prometheus Operator (no monitoring.coreos.com/v1); install it first, or leave them off" -}}
{{- end -}}
{{- range $name := list "registries" "push" "notifications" "chat" -}}
{{- $values := index $.Values $name -}}
{{- if and $values.existingConfigMap (or $values.settings $values.files) -}}
{{- fail (printf "%s.existingConfigMap is %q, and %s.settings or files are given, too; allowed: one of the two" $name $values.existingConfigMap $name) -}}
{{- end -}}
{{- if and $values.enabled (not $values.existingConfigMap) (not $values.settings) -}}
{{- fail (printf "%s.enabled is true, and %s.settings is empty; allowed: the settings (docs/%s.md), or %s.existingConfigMap" $name $name (get (dict "registries" "registries-config") $name | default $name) $name) -}}
{{- end -}}
{{- if and (not $values.enabled) (or $values.existingConfigMap $values.settings $values.files) -}}
{{- fail (printf "%s has settings, and %s.enabled is false; allowed: both, or neither" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.controlPlane) -}}
{{- fail "networkPolicy.enabled is true, and networkPolicy.controlPlane is empty; allowed: the CIDRs that your API servers connect from, since without one no write to an opted-in namespace is answered" -}}
{{- end -}}
{{- if and .Values.page.enabled (not .Values.page.hosts) -}}
{{- fail "page.enabled is true, and page.hosts is empty; allowed: the names that browsers reach the page by, such as garboard.example.com" -}}
{{- end -}}
{{- if and .Values.page.enabled (not .Values.page.args) -}}
{{- fail "page.enabled is true, and page.args is empty, so that nobody could sign in; allowed: arguments that say how people do, such as --client-ca-file=/etc/garboard/page/client-ca.crt (docs/page.md)" -}}
{{- end -}}
{{- if and (not .Values.page.enabled) (or .Values.page.hosts .Values.page.args) -}}
{{- fail "page.hosts or page.args is given, and page.enabled is false; allowed: both, or neither" -}}
{{- end -}}
{{- if and .Values.clientCA.names (not .Values.clientCA.configMap) -}}
{{- fail "clientCA.names is given without clientCA.configMap; allowed: both, or neither" -}}
{{- end -}}
{{- if and .Values.pullSecrets.clusterWide .Values.pullSecrets.namespaces -}}
{{- fail "pullSecrets.namespaces is given, and pullSecrets.clusterWide is true, which covers all namespaces; allowed: one of the two" -}}
{{- end -}}
{{- if and (gt (int .Values.updater.shards) 1) (lt (int .Values.updater.replicas) 2) -}}
{{- fail (printf "updater.shards is %d, and updater.replicas is %d: one replica has no other to share with; allowed: 2 replicas or more, or shards: 1" (int .Values.updater.shards) (int .Values.updater.replicas)) -}}
{{- end -}}
{{- end }}
