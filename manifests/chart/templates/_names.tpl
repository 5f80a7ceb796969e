{{/*
Names of objects are fixed, whatever the release is called: a cluster has one Garboard,
and alerts, commands and the updater's own writes name them. A second release in the
same cluster is refused by Helm, since the first one's objects are in its way.
*/}}

{{/* The labels of every object. */}}
{{- define "garboard.labels" -}}
app.kubernetes.io/name: garboard
app.kubernetes.io/instance: {{ .Release.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Metadata of an object. Called with a list: the root, the name, a dict of: component,
annotations, cluster (true: of no namespace), labels.
*/}}
{{- define "garboard.metadata" -}}
{{- $root := index . 0 -}}
{{- $more := index . 2 -}}
{{- $labels := merge (dict) (include "garboard.labels" $root | fromYaml) -}}
{{- with $more.component }}{{ $_ := set $labels "app.kubernetes.io/component" . }}{{ end -}}
{{- $labels = merge $labels (default dict $more.labels) $root.Values.commonLabels -}}
{{- $annotations := merge (dict) (default dict $more.annotations) $root.Values.commonAnnotations -}}
name: {{ index . 1 }}
{{- if not $more.cluster }}
namespace: {{ $root.Release.Namespace }}
{{- end }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What selects a component's Pods, which is never to change. */}}
{{- define "garboard.selector" -}}
app.kubernetes.io/name: garboard
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "garboard.image" -}}
{{ include "garboard.imageOf" (list . .Values.image) }}
{{- end }}

{{/* An image of Garboard's version. Called with a list: the root, and the image's values. */}}
{{- define "garboard.imageOf" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}{{ with $image.tag }}:{{ . }}{{ end }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default (printf "v%s" $root.Chart.AppVersion) }}
{{- end -}}
{{- end }}

{{/* Namespaces that no webhook is asked about: a webhook that is down must not be in its own way. */}}
{{- define "garboard.excludedNamespaces" -}}
{{- concat (list .Release.Namespace .Values.certificates.certManagerNamespace "kube-system" "kube-node-lease") .Values.admission.excludedNamespaces | uniq | toJson -}}
{{- end }}

{{/* Both accounts, as the subjects of a binding. */}}
{{- define "garboard.bothAccounts" -}}
- kind: ServiceAccount
  name: garboard-webhook
  namespace: {{ .Release.Namespace }}
- kind: ServiceAccount
  name: garboard-updater
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "garboard.updaterAccount" -}}
- kind: ServiceAccount
  name: garboard-updater
  namespace: {{ .Release.Namespace }}
{{- end }}
