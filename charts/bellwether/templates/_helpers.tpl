{{/*
The objects are those of the plain manifests (objects/ is written by `make crds`); templates only put the
values in. `include "bellwether.text" (list $ FILE)` is one file's text with this release's namespace and label.
*/}}
{{- define "bellwether.text" -}}
{{- $root := index . 0 -}}
{{- $text := required (printf "the chart has no objects/%s" (index . 1)) ($root.Files.Get (printf "objects/%s" (index . 1))) -}}
{{- if $root.Values.metallbNames -}}
{{- $text = include "bellwether.renamed" (list $root $text) -}}
{{- else -}}
{{- with $root.Values.nameOverride -}}
{{- $text = regexReplaceAll "\\bapp(: |=)metallb\\b" $text (printf "app${1}%s" .) -}}
{{- end -}}
{{- end -}}
{{- $text | replace "metallb-system" $root.Release.Namespace -}}
{{- end }}

{{/*
Text with the names, labels and selectors that MetalLB's chart gives: (list $ TEXT). It knows how the plain
manifests are written: labels in braces, names two columns in. test/contract/metallb-chart.test.ts holds it.
*/}}
{{- define "bellwether.renamed" -}}
{{- $root := index . 0 -}}
{{- $text := index . 1 -}}
{{- $full := include "bellwether.fullname" $root -}}
{{- $name := $root.Values.nameOverride | default "metallb" | trunc 63 | trimSuffix "-" -}}
{{- $labels := list (printf "app.kubernetes.io/name: %q" $name) (printf "app.kubernetes.io/instance: %q" $root.Release.Name) -}}
{{- $text = regexReplaceAll "\\bapp=metallb,component=" $text (printf "app.kubernetes.io/name=%s,app.kubernetes.io/component=" $name) -}}
{{- $text = regexReplaceAll "(?m)^( +)app: metallb$" $text (printf "${1}%s" (join "\n${1}" $labels)) -}}
{{- $text = regexReplaceAll "\\bapp: metallb\\b" $text (join ", " $labels) -}}
{{- $text = regexReplaceAll "\\bcomponent: (controller|speaker)\\b" $text "app.kubernetes.io/component: ${1}" -}}
{{- $text = regexReplaceAll "(?m)^(  name: )((?:controller|speaker)(?:-monitor|-dashboard)?|pod-lister|prometheus-k8s)$" $text (printf "${1}%s-${2}" $full) -}}
{{- $text = regexReplaceAll "\\bname: ((?:controller|speaker)-monitor-service)\\b" $text (printf "name: %s-${1}" $full) -}}
{{- $text = regexReplaceAll "(kind: Role, name: )" $text (printf "${1}%s-" $full) -}}
{{- $text = regexReplaceAll "(METALLB_DEPLOYMENT, value: |resourceNames: \\[)controller\\b" $text (printf "${1}%s-controller" $full) -}}
{{- $text | replace "metallb-system:" (printf "%s:" $full) -}}
{{- end }}

{{/* What MetalLB's chart begins names with. */}}
{{- define "bellwether.fullname" -}}
{{- $name := .Values.nameOverride | default "metallb" -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* Name of an object that this release has: (list $ NAME). */}}
{{- define "bellwether.name" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.metallbNames -}}{{- include "bellwether.fullname" $root }}-{{ end -}}
{{- index . 1 -}}
{{- end }}

{{/* `controller` or `speaker`, of labels. */}}
{{- define "bellwether.component" -}}
{{- get . "component" | default (get . "app.kubernetes.io/component") -}}
{{- end }}

{{/* Name of the service account of `controller` or `speaker`: (list $ NAME). */}}
{{- define "bellwether.serviceAccount" -}}
{{- $account := (get (index . 0).Values (index . 1)).serviceAccount -}}
{{- $account.name | default (ternary (include "bellwether.name" .) "default" $account.create) -}}
{{- end }}

{{/* Image of one that the manifests name, with repository and tag of the values: (list IMAGE VALUES). */}}
{{- define "bellwether.image" -}}
{{- $image := index . 0 -}}
{{- $values := index . 1 -}}
{{- if regexMatch "metallb/(controller|speaker)$" ($values.repository | default "") -}}
{{- fail (printf "image.repository: expected an image of Bellwether, got MetalLB's %s" $values.repository) -}}
{{- end -}}
{{- $values.repository | default (regexReplaceAll ":[^:/]+$" $image "") }}:{{ $values.tag | default (regexFind "[^:]+$" $image) -}}
{{- end }}

{{/* Changes a Deployment or DaemonSet in place: dict root, object, name (its key in the values). */}}
{{- define "bellwether.workload" -}}
{{- $root := .root -}}
{{- $all := $root.Values -}}
{{- $values := get $all .name -}}
{{- $object := .object -}}
{{- $template := $object.spec.template -}}
{{- $pod := $template.spec -}}
{{- $container := first $pod.containers -}}
{{- $tls := $all.tls -}}
{{- $_ := mergeOverwrite $object.metadata.labels $values.labels -}}
{{- $_ := mergeOverwrite $template.metadata.labels $values.labels -}}
{{- $annotations := dict -}}
{{- if $all.prometheus.scrapeAnnotations -}}
{{- $_ := set $annotations "prometheus.io/scrape" "true" -}}
{{- $_ := set $annotations "prometheus.io/port" (printf "%v" $all.prometheus.metricsPort) -}}
{{- $_ := set $annotations "prometheus.io/scheme" "https" -}}
{{- end -}}
{{- with mergeOverwrite $annotations $values.podAnnotations -}}
{{- $_ := set $template.metadata "annotations" . -}}
{{- end -}}

{{- with $all.imagePullSecrets -}}{{- $_ := set $pod "imagePullSecrets" . -}}{{- end -}}
{{- range $field := list "priorityClassName" "runtimeClassName" "affinity" -}}
{{- with get $values $field -}}{{- $_ := set $pod $field . -}}{{- end -}}
{{- end -}}
{{- $_ := mergeOverwrite $pod.nodeSelector $values.nodeSelector -}}
{{- $_ := mergeOverwrite $pod.securityContext $values.securityContext -}}
{{- with $values.tolerations -}}
{{- $_ := set $pod "tolerations" (concat ($pod.tolerations | default list) .) -}}
{{- end -}}
{{- $_ := set $pod "serviceAccountName" (include "bellwether.serviceAccount" (list $root .name)) -}}
{{- with $values.extraContainers -}}
{{- $_ := set $pod "containers" (concat $pod.containers .) -}}
{{- end -}}

{{- $_ := set $container "image" (include "bellwether.image" (list $container.image $values.image)) -}}
{{- with $values.image.pullPolicy -}}{{- $_ := set $container "imagePullPolicy" . -}}{{- end -}}
{{- with $values.resources -}}{{- $_ := set $container "resources" . -}}{{- end -}}
{{- range $port := $container.ports -}}
{{- if eq $port.name "metricshttps" -}}{{- $_ := set $port "containerPort" $all.prometheus.metricsPort -}}{{- end -}}
{{- end -}}
{{- if and $values.startupProbe $values.startupProbe.enabled -}}
{{- $_ := set $container "startupProbe" (mergeOverwrite (dict "httpGet" $container.livenessProbe.httpGet) (omit $values.startupProbe "enabled")) -}}
{{- end -}}
{{- range $probe := list "livenessProbe" "readinessProbe" -}}
{{- $wanted := get $values $probe -}}
{{- if not $wanted.enabled -}}{{- $_ := unset $container $probe -}}
{{- else -}}
{{- range $key, $value := omit $wanted "enabled" -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set (get $container $probe) $key $value -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- $args := list -}}
{{- range $container.args -}}{{- if not (hasPrefix "--log-level=" .) -}}{{- $args = append $args . -}}{{- end -}}{{- end -}}
{{- $args = append $args (printf "--log-level=%s" $values.logLevel) -}}
{{- if ne (int $all.prometheus.metricsPort) 9120 -}}{{- $args = append $args (printf "--port=%v" $all.prometheus.metricsPort) -}}{{- end -}}
{{- with $all.loadBalancerClass -}}{{- $args = append $args (printf "--lb-class=%s" .) -}}{{- end -}}
{{- with $values.tlsMinVersion | default $tls.minVersion -}}{{- $args = append $args (printf "--tls-min-version=%s" .) -}}{{- end -}}
{{- with $values.tlsCipherSuites | default $tls.cipherSuites -}}{{- $args = append $args (printf "--tls-cipher-suites=%s" .) -}}{{- end -}}
{{- with $tls.curvePreferences -}}{{- $args = append $args (printf "--tls-curve-preferences=%s" .) -}}{{- end -}}
{{- with get $tls (printf "%sMetricsTLSSecret" .name) -}}
{{- $args = append $args "--metrics-cert-dir=/etc/metrics" -}}
{{- $volume := dict "name" "metrics-certs" "secret" (dict "secretName" . "defaultMode" 0440) -}}
{{- $_ := set $pod "volumes" (append ($pod.volumes | default list) $volume) -}}
{{- $mount := dict "name" "metrics-certs" "mountPath" "/etc/metrics" "readOnly" true -}}
{{- $_ := set $container "volumeMounts" (append ($container.volumeMounts | default list) $mount) -}}
{{- end -}}
{{- $_ := set $container "args" (concat $args .flags $values.extraArgs) -}}
{{- end }}

{{/* Name of the secret with the gossip's key. */}}
{{- define "bellwether.secretName" -}}
{{- .Values.speaker.secretName | default (include "bellwether.name" (list . "memberlist")) -}}
{{- end }}

{{/* The items of a list whose `name` has not the prefix, as {items: […]}: (list LIST PREFIX). */}}
{{- define "bellwether.without" -}}
{{- $items := list -}}
{{- $prefix := index . 1 -}}
{{- range index . 0 -}}{{- if not (hasPrefix $prefix .name) -}}{{- $items = append $items . -}}{{- end -}}{{- end -}}
{{- toYaml (dict "items" $items) -}}
{{- end }}
