/**
 * Owns the text of the CI workflow that `init` writes, for GitHub Actions.
 * Refuses to write files. That its options exist and that it has the form of a workflow is held by tests.
 */

import { INIT_FILES } from "./init-files.ts";

/** A workflow that runs this version of zeke-sync. */
export function workflowText(version: string): string {
  return WORKFLOW.replace("zeke-sync@VERSION", `zeke-sync@${version}`);
}

const WORKFLOW = `# Judges what this repository builds by the rules of the sync protocol; yours to change.
# It needs, in the settings of the repository (Secrets and variables, Actions):
#   the variable ZEKE_TARGET   address of a staging system; without it only the simulation runs
#   the secrets ZEKE_TOKEN_A and ZEKE_TOKEN_B   bearer tokens of two accounts there that nobody else uses
name: zeke-sync

on:
  push:
  workflow_dispatch:

permissions:
  contents: read

env:
  ZEKE_SYNC: zeke-sync@VERSION

jobs:
  simulate:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      # Another seed each time, told on the screen: the same one gives the same history anywhere.
      - name: Simulate a fleet
        run: npx --yes "$ZEKE_SYNC" simulate commuter --seed "$GITHUB_RUN_NUMBER" --duration 1d --report reports/simulate
      - name: Show the report
        if: \${{ !cancelled() }}
        run: if [ -f reports/simulate/report.md ]; then cat reports/simulate/report.md >> "$GITHUB_STEP_SUMMARY"; fi
      - name: Keep the report
        if: \${{ !cancelled() }}
        uses: actions/upload-artifact@v4
        with:
          name: simulate
          path: reports/simulate/
          if-no-files-found: ignore

  conformance:
    if: \${{ vars.ZEKE_TARGET != '' }}
    runs-on: ubuntu-latest
    timeout-minutes: 30
    # One run at a time on a shared system, and none is cut off by the next push.
    concurrency:
      group: zeke-sync-staging
      cancel-in-progress: false
    env:
      ZEKE_TARGET: \${{ vars.ZEKE_TARGET }}
      ZEKE_TOKEN_A: \${{ secrets.ZEKE_TOKEN_A }}
      ZEKE_TOKEN_B: \${{ secrets.ZEKE_TOKEN_B }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      # --allow-unexercised: what staging cannot show (push without a sink, expiry) does not fail the job.
      - name: Judge staging
        run: >-
          npx --yes "$ZEKE_SYNC" conformance "$ZEKE_TARGET"
          --profile ${INIT_FILES.profile}
          --baseline ${INIT_FILES.baseline}
          --seed "$GITHUB_RUN_NUMBER"
          --report reports/conformance
          --junit reports/conformance.junit.xml
          --allow-unexercised
      - name: Delete what was left behind
        if: \${{ cancelled() }}
        run: if [ -f reports/conformance/ledger.jsonl ]; then npx --yes "$ZEKE_SYNC" cleanup reports/conformance; fi
      - name: Show the report
        if: \${{ !cancelled() }}
        run: if [ -f reports/conformance/report.md ]; then cat reports/conformance/report.md >> "$GITHUB_STEP_SUMMARY"; fi
      - name: Keep the JUnit file
        if: \${{ !cancelled() }}
        uses: actions/upload-artifact@v4
        with:
          name: conformance-junit
          path: reports/conformance.junit.xml
          if-no-files-found: ignore
      - name: Keep the report
        if: \${{ !cancelled() }}
        uses: actions/upload-artifact@v4
        with:
          name: conformance
          path: reports/conformance/
          if-no-files-found: ignore
`;
