#!/bin/sh
# Ends the server whose files are in a folder, and removes the folder, when the run that made it is no more.
# Its standard input is a pipe that the run holds open; a run that ends in good order writes "done".
folder=$1

read -r word
[ "$word" = done ] && exit 0

# A process id may have been given to somebody else since: only a process started with our folder is ours. The command of
# one that has ended is empty, also while it waits as a zombie for its parent.
server_runs() {
    if [ -d /proc/self ]; then
        command=$(tr '\0' ' ' 2>/dev/null <"/proc/$server_pid/cmdline")
    else
        command=$(ps -o command= -p "$server_pid" 2>/dev/null)
    fi
    case $command in
    *"$folder/data"*) return 0 ;;
    *) return 1 ;;
    esac
}

attempt=0
if read -r server_pid 2>/dev/null <"$folder/data/postmaster.pid" && server_runs; then
    kill -QUIT "$server_pid"
    while server_runs && [ "$attempt" -lt 50 ]; do
        sleep 0.1
        attempt=$((attempt + 1))
    done
fi

# Its other processes need a moment more, and may write until then.
attempt=0
while [ -d "$folder" ] && [ "$attempt" -lt 50 ]; do
    rm -rf "$folder" 2>/dev/null || sleep 0.1
    attempt=$((attempt + 1))
done
