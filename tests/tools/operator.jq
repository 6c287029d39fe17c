# operator.jq - TiDB Operator as the tests play it on a real API server: from each watch event of a Backup the one patch
# that it would write next, as "PATH<tab>PATCH", or nothing. A log Backup gets its finalizer and goes through its
# commands (patches of the status); what is being deleted is Clean for a while, if its data is to go, and let go then. @TSO@ stands for a TSO of now (jq's numbers
# are doubles). The Backup's annotation test/fail names the command whose br fails, test/message with which words.
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
def failed($c):
  text(.metadata.annotations["test/message"]) as $message
  | entry($c; "Failed") | .conditions[-1] += {reason: "BackupFailed", message: $message};

def next($c):
  (sub($c).phase // "") as $p
  | (if $c == "log-truncate" then sub($c).logTruncatingUntil != .spec.logTruncateUntil else false end) as $anew
  | if $p == "Failed" and ($anew | not) then empty
    elif $p == "Complete" and $c == "log-truncate" and ($anew | not) then empty
    elif $p == "Scheduled" then {sub: entry($c; "Prepare"), status: (if $c == "log-start" then {phase: "Prepare"} else {} end)}
    elif $p == "Prepare" then {sub: entry($c; "Running"), status: (if $c == "log-start" then {phase: "Running"} else {} end)}
    elif $p == "Running" and fails($c) then {sub: failed($c), status: (if $c == "log-start" then {phase: "Failed"} else {} end)}
    elif $p == "Running" then {sub: entry($c; "Complete"), status: result($c)}
    else {sub: entry($c; "Scheduled"), status: (if $c == "log-start" then {phase: "Scheduled"} else {} end)} end
  | . as $step
  | $step.status + {logSubCommandStatuses: ({($c): $step.sub} + (if opposite($c) then {(opposite($c)): {phase: "Repeatable"}} else {} end))};

def finalizer: if .apiVersion == "pingcap.com/v1alpha1" then "tidb.pingcap.com/backup-protection" else "pingcap.com/finalizer" end;
def finalizers: .metadata.finalizers // [];
def has_own: finalizer as $own | finalizers | index($own) != null;
def is_log: .spec.backupMode == "log";
def cleans: .spec.cleanPolicy == "Delete" or (.spec.cleanPolicy == "OnFailure" and phase == "Failed");
def path: "/apis/\(.apiVersion)/namespaces/\(.metadata.namespace)/backups/\(.metadata.name)";
def write($patch): path + "\t" + ({metadata: {resourceVersion: .metadata.resourceVersion}} * $patch | tojson);

# What is not the way of a log Backup through its commands.
def adopt: write({metadata: {finalizers: (finalizers + [finalizer])}});
def clean: if cleans and phase != "Clean" then write({status: {phase: "Clean"}})
           else finalizer as $own | write({metadata: {finalizers: (finalizers - [$own])}}) end;

select(.type == "ADDED" or .type == "MODIFIED") | .object
| if .metadata.deletionTimestamp != null then (if has_own then clean else empty end)
  elif (has_own | not) and (is_log or .spec.cleanPolicy == "Delete" or .spec.cleanPolicy == "OnFailure") then adopt
  elif is_log | not then empty
  else
  . as $object | command as $c
| (if $c == "" or $c == "log-unknown" then empty else next($c) end)
| (if opposite($c) and ($object.status.logSubCommandStatuses[opposite($c)] == null) then del(.logSubCommandStatuses[opposite($c)]) else . end)
| . as $status | $object | write({status: $status}) end
