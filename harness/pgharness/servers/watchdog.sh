#!/bin/sh
# Ends the server whose files are in a folder, and removes the folder, when the run that made it is no more.
# Its standard input is a pipe that the run holds open; a run that ends in good order writes "done".
folder=$1

read -r word
[ "$word" = done ] && exit 0

if read -r server_pid 2>/dev/null <"$folder/data/postmaster.pid"; then
    # A process id may have been given to somebody else since: only a process started with our folder is ours.
    if [ -r "/proc/$server_pid/cmdline" ]; then
        command=$(tr '\0' ' ' <"/proc/$server_pid/cmdline")
    else
        command=$(ps -o command= -p "$server_pid" 2>/dev/null)
    fi
    case $command in
    *"$folder/data"*) kill -QUIT "$server_pid" ;;
    esac
fi

# The server needs a moment to end, and may write until then.
attempt=0
while [ -d "$folder" ] && [ "$attempt" -lt 50 ]; do
    rm -rf "$folder" 2>/dev/null || sleep 0.1
    attempt=$((attempt + 1))
done
