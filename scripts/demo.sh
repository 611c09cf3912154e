#!/usr/bin/env bash
# The main job, on the terminal: an English description in, a program out, answers with probabilities.
# Usage: scripts/demo.sh PAW   (PAW: the paw binary)
set -euo pipefail
paw="$1"
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT

cat >"$dir/spec.txt" <<'SPEC'
Classify a message to the IT help desk: does somebody have to act now, or can it wait?
Return ONLY one of: urgent, wait

Input: The payment server is down and customers cannot check out
Output: urgent
Input: Could you order me a second monitor some time?
Output: wait
Input: Smoke is coming out of the rack in room 4
Output: urgent
Input: The wiki page about holidays has a typo
Output: wait
Input: I think somebody broke into my account and is sending mails
Output: urgent
Input: Please add my new phone number to the directory
Output: wait
Input: Nobody in the building can log in since five minutes ago
Output: urgent
Input: My mouse is a bit slow, no hurry
Output: wait
Input: The backup failed and the disk is full, we are losing orders
Output: urgent
Input: When will the new laptops arrive?
Output: wait
Input: Our shop shows an error page to every customer right now
Output: urgent
Input: Could somebody show me how to make a pivot table next week?
Output: wait
Input: Water is dripping onto the servers, come quickly
Output: urgent
Input: Please remove the old printer from the list when you have time
Output: wait
Input: A virus warning popped up and files are being encrypted
Output: urgent
Input: I would like a bigger mailbox at some point
Output: wait
Input: The phone system is dead and patients cannot reach us
Output: urgent
Input: The logo in the newsletter looks a bit blurry
Output: wait
Input: All invoices went out with the wrong bank account, stop the job
Output: urgent
Input: Is there a training for the new calendar?
Output: wait
SPEC

echo "The description:"
sed 's/^/  | /' "$dir/spec.txt"
echo
"$paw" compile --refine --spec-file "$dir/spec.txt" --out "$dir/urgent.paw"
echo
for input in \
  "The whole office has lost its network and we cannot work" \
  "Can I get a different keyboard next month?" \
  "Our website shows an error to every visitor"; do
  echo "paw run urgent.paw \"$input\""
  "$paw" run "$dir/urgent.paw" "$input"
  echo
done
