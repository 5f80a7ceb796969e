{{/*
What both Deployments have in common. Each is called with a list: the root, and the
name of the component, whose values are under the same name.
*/}}

{{- define "garboard.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index $root.Values $component -}}
{{- $annotations := merge (dict) $values.podAnnotations $root.Values.commonAnnotations -}}
labels:
  {{- merge (include "garboard.selector" $component | fromYaml) $values.podLabels $root.Values.commonLabels | toYaml | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The image names its user, 65532; not repeated here, because a cluster may insist on one of its own. */}}
{{- define "garboard.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "garboard.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Where the Pods run. Spread is preferred, not required: a cluster of one node runs all. */}}
{{- define "garboard.scheduling" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index $root.Values $component -}}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
{{ toYaml . }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- if $values.topologySpreadConstraints }}
{{ toYaml $values.topologySpreadConstraints }}
{{- else }}
{{- range index (dict "webhook" (list "kubernetes.io/hostname" "topology.kubernetes.io/zone") "updater" (list "kubernetes.io/hostname")) $component }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "garboard.selector" $component | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{- define "garboard.probes" -}}
livenessProbe:
  httpGet:
    path: /healthz
    port: health
  periodSeconds: 10
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: health
  periodSeconds: 5
  failureThreshold: 2
{{- end }}

{{- define "garboard.container" -}}
image: {{ include "garboard.image" . }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{/* Arguments that both have; those of the values come after all others, so that they count. */}}
{{- define "garboard.sharedArgs" -}}
{{- with .Values.registries.private }}
- --private-registries={{ join "," . }}
{{- end }}
{{- if .Values.helmValues }}
- --helm-values
{{- end }}
{{- with .Values.customKinds }}
{{- $kinds := list }}
{{- range . }}{{ $kinds = append $kinds (printf "%s.%s.%s=%s" .kind .version .group (default "spec.template" .template)) }}{{ end }}
- --custom-kinds={{ join "," $kinds }}
{{- end }}
{{- if .Values.registries.enabled }}
- --registries-config=/etc/garboard/registries/registries.yaml
{{- end }}
{{- end }}

{{- define "garboard.registriesMount" -}}
{{- if .Values.registries.enabled -}}
# The whole volume, not a subPath: the kubelet renews only the former.
- name: registries
  mountPath: /etc/garboard/registries
  readOnly: true
{{- end }}
{{- end }}

{{- define "garboard.registriesVolume" -}}
{{- if .Values.registries.enabled -}}
{{ include "garboard.settingsVolume" (list "registries" .Values.registries true) }}
{{- end }}
{{- end }}

{{/* A ConfigMap and a Secret in one folder. Called with a list: the name, its values, whether the Secret may be missing. */}}
{{- define "garboard.settingsVolume" -}}
{{- $name := index . 0 -}}
{{- $values := index . 1 -}}
- name: {{ $name }}
  projected:
    sources:
    - configMap:
        name: {{ $values.existingConfigMap | default (printf "garboard-%s" $name) }}
    - secret:
        name: {{ $values.secret }}
        {{- if index . 2 }}
        optional: true
        {{- end }}
{{- end }}

{{/*
What is known of registries, for a container that is started again. It goes with the
Pod. Two files are there while one is written, each of 64 MiB at the very most.
*/}}
{{- define "garboard.stateVolume" -}}
- name: state
  emptyDir:
    sizeLimit: 160Mi
{{- end }}
