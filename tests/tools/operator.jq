# operator.jq - TiDB Operator as the tests play it on a real API server: from each watch event of a Backup the one patch
# that it would write next, as "PATH<tab>PATCH", or nothing. A log Backup gets its finalizer and goes through its
# commands (patches of the status); what is being deleted is Clean for a while, if its data is to go, and let go then.
# @TSO@ stands for a TSO of now (jq's numbers are doubles). The Backup's annotation test/fail names the command whose br
# fails ("snapshot" is one), test/message with which words. With --arg jobs yes (v2), snapshots go their way, too, and a
# third field says what of the cluster belongs to the step, as JSON: do (start: wait for the Cluster, look for the Secret,
# make the Job; begins: wait for its Pod; ends: so does the Pod), and the paths and the object for it.
def sub($c): .status.logSubCommandStatuses[$c] // {};
def phase: .status.phase // "";
def text($v): if $v == null then "" else $v end;

# The effective command and whether it is done: the operator's table.
def base:
  text(.spec.logSubcommand) as $s
  | if $s == "log-start" then (if phase == "Paused" then "log-resume" else "log-start" end)
    elif $s == "log-stop" or $s == "log-pause" then $s
    elif $s != "" then "log-unknown"
    elif .spec.logStop == true or phase == "Stopped" then "log-stop"
    else "log-start" end;
def in_sync($c):
  if $c == "log-start" then text(.status.commitTs) != ""
  elif $c == "log-stop" then phase == "Stopped"
  elif $c == "log-pause" then phase == "Paused"
  else false end;
def command:
  base as $b
  | if in_sync($b) | not then $b
    elif text(.spec.logTruncateUntil) != "" and .spec.logTruncateUntil != text(.status.logSuccessTruncateUntil) then "log-truncate"
    else "" end;

def fails($c): .metadata.annotations["test/fail"] == $c;
def whole($c): {"log-start": "Running", "log-pause": "Paused", "log-resume": "Running", "log-stop": "Stopped"}[$c];
def opposite($c): {"log-pause": "log-resume", "log-resume": "log-pause"}[$c];
def now_text: now | todate;

# What the end of a command does to the whole status.
def result($c):
  (if whole($c) then {phase: whole($c)} else {} end)
  + (if $c == "log-start" then {commitTs: "@TSO@", timeStarted: now_text, backupPath: "s3://my-bucket/\(.metadata.name)"} else {} end)
  + (if $c == "log-stop" then {timeCompleted: now_text} else {} end)
  + (if $c == "log-truncate" then {logSuccessTruncateUntil: .spec.logTruncateUntil} else {} end);

# An entry as it was written now: its phase and when that came.
def entry($c; $p):
  (sub($c) | if .phase == "Complete" or .phase == "Repeatable" then {} else . end) as $old
  | {command: $c, phase: $p,
     conditions: ([$old.conditions[]? | select(.type != $p)] + [{type: $p, status: "True", reason: $p, lastTransitionTime: now_text, message: ""}])}
  + (if $p == "Running" then {timeStarted: now_text} else {} end)
  + (if $p == "Complete" then {timeCompleted: now_text} else {} end)
  + (if $p == "Scheduled" then {timeStarted: null, timeCompleted: null} else {} end)
  + (if $c == "log-truncate" then {logTruncatingUntil: .spec.logTruncateUntil} else {} end);
# What a failed command is called, as the operator spells it.
def reason($c):
  {"log-start": "StartLogBackupFailed", "log-pause": "PauseLogBackupFailed", "log-resume": "ResumeLogBackuFailed",
   "log-stop": "StopLogBackupFailed", "log-truncate": "TruncateLogBackuFailed"}[$c] // "BackupDataToRemoteFailed";
def condition($p; $reason; $message):
  {type: $p, status: "True", reason: $reason, lastTransitionTime: now_text, message: $message};
def failure($c): condition("Failed"; reason($c); text(.metadata.annotations["test/message"]));
def failed($c): failure($c) as $failure | entry($c; "Failed") | .conditions[-1] = $failure;

# The whole status at a phase: with its condition, as those of a snapshot and of log-start are.
def whole_at($condition): {phase: $condition.type,
  conditions: ([.status.conditions[]? | select(.type != $condition.type)] + [$condition])};
def whole_at_phase($p): whole_at(condition($p; $p; ""));
def starting($c; $status): if $c == "log-start" then $status else {} end;

# TSOs of equal length, and only those, compare as texts do.
def is_tso: text(.) | test("^[0-9]{18}$");
def not_after($until; $tso): ($until | is_tso) and ($tso | is_tso) and $until <= $tso;
def truncates_nothing: .spec.logTruncateUntil as $until
  | not_after($until; .status.commitTs) or not_after($until; .status.logSuccessTruncateUntil);

def next($c):
  (sub($c).phase // "") as $p
  | (if $c == "log-truncate" then sub($c).logTruncatingUntil != .spec.logTruncateUntil else false end) as $anew
  | if $p == "Failed" and ($anew | not) then empty
    elif $p == "Complete" and $c == "log-truncate" and ($anew | not) then empty
    elif $c == "log-truncate" and truncates_nothing then {sub: entry($c; "Complete"), status: {}}
    elif $p == "Scheduled" then {do: "begins", sub: entry($c; "Prepare"), status: starting($c; whole_at_phase("Prepare"))}
    elif $p == "Prepare" then {sub: entry($c; "Running"), status: starting($c; whole_at_phase("Running"))}
    elif $p == "Running" and fails($c) then {do: "ends", sub: failed($c), status: starting($c; whole_at(failure($c)))}
    elif $p == "Running" then {do: "ends", sub: entry($c; "Complete"), status: result($c)}
    else {do: "start", sub: entry($c; "Scheduled"), status: starting($c; whole_at_phase("Scheduled"))} end
  | {do, status: (.status + {logSubCommandStatuses: ({($c): .sub} + (if opposite($c) then {(opposite($c)): {phase: "Repeatable"}} else {} end))})};

# A snapshot goes its way once.
def next_snapshot:
  if phase == "" or phase == "RetryFailed" then {do: "start", status: whole_at_phase("Scheduled")}
  elif phase == "Scheduled" then {do: "begins", status: whole_at_phase("Prepare")}
  elif phase == "Prepare" then {status: whole_at_phase("Running")}
  elif phase == "Running" and fails("snapshot") then {do: "ends", status: whole_at(failure("snapshot"))}
  elif phase == "Running" then {do: "ends", status: (whole_at_phase("Complete") + {commitTs: "@TSO@", timeStarted: now_text,
    timeCompleted: now_text, timeTaken: "1s", backupSize: 1024, backupSizeReadable: "1 kB",
    backupPath: (.spec.s3 | "s3://\(.bucket)/\(text(.prefix))")})}
  else empty end;

def finalizer: if .apiVersion == "pingcap.com/v1alpha1" then "tidb.pingcap.com/backup-protection" else "pingcap.com/finalizer" end;
def finalizers: .metadata.finalizers // [];
def has_own: finalizer as $own | finalizers | index($own) != null;
def is_log: .spec.backupMode == "log";
def cleans: .spec.cleanPolicy == "Delete" or (.spec.cleanPolicy == "OnFailure" and phase == "Failed");
def path: "/apis/\(.apiVersion)/namespaces/\(.metadata.namespace)/backups/\(.metadata.name)";
def write($patch): path + "\t" + ({metadata: {resourceVersion: .metadata.resourceVersion}} * $patch | tojson);

# Its Job, as the operator makes it, but for what is in its containers; and what the cluster is asked for it.
def job($c):
  ({"tidb.pingcap.com/backup": .metadata.name, "app.kubernetes.io/component": "backup", "app.kubernetes.io/name": "backup",
    "app.kubernetes.io/instance": .metadata.name, "pingcap.com/managed-by": "tidb-operator"}) as $labels
  | {apiVersion: "batch/v1", kind: "Job",
     metadata: {name: ("backup-" + .metadata.name + (if $c == "snapshot" then "" else "-" + $c end)), labels: $labels,
       ownerReferences: [{apiVersion, kind, name: .metadata.name, uid: .metadata.uid, controller: true, blockOwnerDeletion: true}]},
     spec: {backoffLimit: 0, template: {metadata: {labels: $labels}, spec: {restartPolicy: "Never",
       serviceAccountName: (.spec.serviceAccount // "tidb-backup-manager"),
       initContainers: [{name: "br", image: "pingcap/br:v8.5.0"}],
       containers: [{name: "backup", image: "pingcap/tidb-backup-manager:v2"}]}}}};
def of_cluster($c; $do):
  job($c) as $job | .metadata.namespace as $ns
  | {do: $do, job: $job, jobs: "/apis/batch/v1/namespaces/\($ns)/jobs", pods: "/api/v1/namespaces/\($ns)/pods",
     cluster: "/apis/core.pingcap.com/v1alpha1/namespaces/\($ns)/clusters/\(.spec.br.cluster)",
     secret: (if text(.spec.s3.secretName) == "" then null else "/api/v1/namespaces/\($ns)/secrets/\(.spec.s3.secretName)" end),
     "no-secret": (if $do != "start" or phase == "RetryFailed" then null else {metadata: {resourceVersion: .metadata.resourceVersion},
       status: whole_at(condition("RetryFailed"; "GetS3SecretFailed"; "backup \($ns)/\(.metadata.name), get s3 secret "
         + "\($ns)/\(.spec.s3.secretName) failed, err: Secret \"\(.spec.s3.secretName)\" not found"))} end)};
def goes($c; $step): write({status: $step.status})
  + (if $jobs == "" or $step.do == null then "" else "\t" + (of_cluster($c; $step.do) | tojson) end);
def no_bucket: .spec.s3 != null and text(.spec.s3.bucket) == "" and phase == "";
def invalid: write({status: whole_at(condition("Invalid"; "InvalidSpec";
  "bucket should be configured for BR in spec of \(.metadata.namespace)/\(.metadata.name)"))});

# What is not the way of a log Backup through its commands.
def adopt: write({metadata: {finalizers: (finalizers + [finalizer])}});
def clean: if cleans and phase != "Clean" then write({status: {phase: "Clean"}})
           else finalizer as $own | write({metadata: {finalizers: (finalizers - [$own])}}) end;

select(.type == "ADDED" or .type == "MODIFIED") | .object
| if .metadata.deletionTimestamp != null then (if has_own then clean else empty end)
  elif (has_own | not) and (is_log or .spec.cleanPolicy == "Delete" or .spec.cleanPolicy == "OnFailure") then adopt
  elif phase == "Invalid" or (phase == "RetryFailed" and $jobs == "") then empty
  elif no_bucket and (is_log or $jobs != "") then invalid
  elif is_log | not then (if $jobs == "" then empty else goes("snapshot"; next_snapshot) end)
  else
  . as $object | command as $c
| (if $c == "" or $c == "log-unknown" then empty else next($c) end)
| (if opposite($c) and ($object.status.logSubCommandStatuses[opposite($c)] == null)
   then del(.status.logSubCommandStatuses[opposite($c)]) else . end)
| . as $step | $object | goes($c; $step) end
