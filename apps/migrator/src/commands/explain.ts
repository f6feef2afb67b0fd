import { existsSync } from "node:fs";
import type { Route } from "@bucketferry/config";
import { EXIT } from "../exit-codes.ts";
import { readingAppUrls } from "../references/app-urls.ts";
import type { KeptReason, LookUpStates, ReferenceRoute, RewriteTo } from "../references/contract.ts";
import type { ReadText } from "../references/read-cell.ts";
import { lookUp, planCell } from "../references/rewrite-plan.ts";
import { findOccurrences } from "../references/text/find-occurrences.ts";
import { hostTable } from "../references/text/host-table.ts";
import { masked } from "../references/text/mask.ts";
import { policyFor } from "../references/text/policies.ts";
import type { CommandEvent } from "../report/events.ts";
import type { CommandResult } from "../run-command.ts";
import { ledgerPath, readConfig, withLedgerToRead, withSides, type CommandEnvironment } from "../session.ts";
import { rewriteTo, statesFrom, withReferences } from "../with-references.ts";
import { parseCellAddress } from "./cell-address.ts";

const WHY_KEPT: Readonly<Record<KeptReason, string>> = {
  "unknown-object": "It stays: no object of that key is in the ledger.",
  "not-verified": "It stays for now: the copy of its object is not verified.",
  ambiguous: "It stays: it can be read as two objects, and both are in the ledger.",
  "no-counterpart": "It stays: the target has no counterpart for this form.",
  "private-form":
    "It stays: it asked for a token or a session, and the new URL would ask for nothing. `rewrite.forms` decides.",
  "reported-form": "It stays: `rewrite.forms` says to report this form.",
  "kept-by-policy": "It stays: `rewrite.forms` says to keep this form.",
  "other-project": "It stays: it has the form of a URL of this route, on the host of another project.",
  "other-bucket": "It stays: it is of a bucket that no route moves.",
  "too-deep": "It stays: it stands in JSON in JSON in JSON …, deeper than is read.",
  "too-long": "It stays: it is longer than any URL that a service issues.",
  "not-writable-here": "It stays: the new text holds characters that would change what stands around it.",
  "does-not-fit": "It stays: the new text does not fit.",
  "not-rewritable": "It stays: its column cannot be edited.",
  "row-changed": "It stays: its row changes all the time.",
  "row-security": "It stays: row-level security keeps this user from writing its row.",
  locked: "It stays: somebody holds a lock on its row.",
};

/**
 * Says which route, object and form a URL is, or each URL in a cell, and what the rewriter would make of it, or why not.
 * Changes nothing.
 */
export async function explainCommand(environment: CommandEnvironment, urlOrCell: string): Promise<CommandResult> {
  const config = await readConfig(environment);
  const address = parseCellAddress(urlOrCell);
  const explain = async (routes: readonly Route[], states: LookUpStates): Promise<CommandResult> => {
    const to = rewriteTo(config);
    const parts = { routes: routes.map((route) => readingAppUrls(route, to)), states, to };
    if (address === undefined)
      return said(environment, await explainUrl(urlOrCell, parts), "It is no URL of any route.");
    const { leaves } = await withReferences(config, routes, (references) => references.cell(address));
    const explained = await Promise.all(leaves.map((leaf) => explainText(leaf, parts)));
    return said(environment, explained.flat(), "The cell holds no URL of any route.");
  };
  // Without a ledger no object is known; what the URL is can be said all the same.
  if (!existsSync(ledgerPath(config))) {
    return withSides(environment, ({ routes }) => explain(routes, () => Promise.resolve(new Map())));
  }
  return withLedgerToRead(environment, (ledger, { routes }) => explain(routes, statesFrom(ledger)));
}

interface ExplainParts {
  readonly routes: readonly ReferenceRoute[];
  readonly states: LookUpStates;
  readonly to: RewriteTo;
}

type Explanation = Extract<CommandEvent, { readonly type: "explanation" }>;

function explainUrl(text: string, parts: ExplainParts): Promise<Explanation[]> {
  const { routes } = parts;
  const occurrences = [...findOccurrences(text, { routes, hosts: hostTable(routes), isJson: false })];
  return explainText({ text, occurrences }, parts);
}

async function explainText(read: ReadText, { routes, states, to }: ExplainParts): Promise<Explanation[]> {
  const known = await lookUp([read], states);
  return read.occurrences.map((occurrence): Explanation => {
    const plan = planCell({ ...read, occurrences: [occurrence] }, known, routes, to);
    const kept = plan.kept[0];
    const candidates = [...new Set(occurrence.readings.map((one) => one.key))];
    const [first] = occurrence.readings;
    const becomes = plan.references[0]?.text;
    const reading = kept?.reading ?? occurrence.readings.find((one) => one.key === plan.references[0]?.key) ?? first;
    return {
      type: "explanation",
      url: masked(read.text.slice(occurrence.start, reading?.end)),
      path: occurrence.path,
      route: reading?.route,
      side: reading?.side,
      kind: reading?.kind,
      key: reading?.key,
      candidates,
      state: (reading && known(reading.route, reading.key)?.state) ?? null,
      policy: reading?.side === "source" ? policyFor(reading, to).policy : undefined,
      becomes,
      verdict: verdictOn(kept?.reason, becomes),
    };
  });
}

function verdictOn(kept: KeptReason | undefined, becomes: string | undefined): string {
  if (kept !== undefined) return WHY_KEPT[kept];
  return becomes === undefined ? "It is in the target's form already." : "It would be rewritten.";
}

function said(environment: CommandEnvironment, explanations: readonly Explanation[], none: string): CommandResult {
  for (const explanation of explanations) environment.reporter.event(explanation);
  if (explanations.length === 0) environment.reporter.event({ ...NOTHING, verdict: none });
  return {
    exitCode: EXIT.done,
    counts: {
      known: explanations.length > 0,
      rewritten: explanations.some(({ becomes }) => becomes !== undefined),
    },
    lines: explanations.length === 0 ? [none] : explanations.flatMap(linesOf),
  };
}

const NOTHING: Omit<Explanation, "verdict"> = {
  type: "explanation",
  url: "",
  path: undefined,
  route: undefined,
  side: undefined,
  kind: undefined,
  key: undefined,
  candidates: [],
  state: null,
  policy: undefined,
  becomes: undefined,
};

function linesOf(explanation: Explanation): readonly string[] {
  const { verdict, url, path, route, side, kind, key, candidates, state, policy, becomes } = explanation;
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ["text", url],
    ["path", path],
    ["route", route],
    ["side", side],
    ["form", kind],
    ["policy", policy],
    ["key", key],
    ["readings", candidates.length > 1 ? candidates.join("  ") : undefined],
    ["state", state],
    ["becomes", becomes],
  ];
  return [
    verdict,
    ...facts.flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [`  ${name.padEnd(10)}${value}`],
    ),
  ];
}
