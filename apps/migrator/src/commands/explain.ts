import { existsSync } from "node:fs";
import type { Config, Route } from "@bucketferry/config";
import { EXIT } from "../exit-codes.ts";
import type { KeptReason, LookUpStates } from "../references/contract.ts";
import { lookUp, planCell } from "../references/rewrite-plan.ts";
import { findOccurrences } from "../references/text/find-occurrences.ts";
import { hostTable } from "../references/text/host-table.ts";
import { masked } from "../references/text/mask.ts";
import type { CommandResult } from "../run-command.ts";
import { ledgerPath, readConfig, withLedgerToRead, withSides, type CommandEnvironment } from "../session.ts";
import { rewriteTo, statesFrom } from "../with-references.ts";

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
  locked: "It stays: somebody holds a lock on its row.",
};

/** Says which route, object and form a URL is, and what the rewriter would make of it, or why not. Changes nothing. */
export async function explainCommand(environment: CommandEnvironment, url: string): Promise<CommandResult> {
  const config = await readConfig(environment);
  // Without a ledger no object is known; what the URL is can be said all the same.
  if (!existsSync(ledgerPath(config))) {
    return withSides(environment, ({ routes }) =>
      explain(url, { config, routes, environment, states: () => Promise.resolve(new Map()) }),
    );
  }
  return withLedgerToRead(environment, (ledger, { routes }) =>
    explain(url, { config, routes, environment, states: statesFrom(ledger) }),
  );
}

interface ExplainParts {
  readonly config: Config;
  readonly routes: readonly Route[];
  readonly environment: CommandEnvironment;
  readonly states: LookUpStates;
}

async function explain(url: string, { config, routes, environment, states }: ExplainParts): Promise<CommandResult> {
  const cell = {
    cell: { table: "", column: "", primaryKey: {} },
    text: url,
    occurrences: [...findOccurrences(url, { routes, hosts: hostTable(routes), isJson: false })],
  };
  const known = await lookUp([cell], states);
  const plan = planCell(cell, known, routes, rewriteTo(config));
  const [occurrence] = cell.occurrences;
  const reading = plan.kept[0]?.reading ?? occurrence?.readings[0];
  const becomes = plan.references[0]?.text;
  const candidates = [...new Set(occurrence?.readings.map((one) => one.key) ?? [])];
  const state = reading === undefined ? undefined : known(reading.route, reading.key);
  const verdict =
    reading === undefined
      ? "It is no URL of any route."
      : becomes !== undefined
        ? "It would be rewritten."
        : plan.alreadyRewritten > 0
          ? "It is in the target's form already."
          : WHY_KEPT[plan.kept[0]?.reason ?? "unknown-object"];

  environment.reporter.event({
    type: "explanation",
    url: masked(url),
    route: reading?.route,
    side: reading?.side,
    kind: reading?.kind,
    key: reading?.key,
    candidates,
    state: state?.state ?? null,
    becomes,
    verdict,
  });
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["route", reading?.route],
    ["side", reading?.side],
    ["form", reading?.kind],
    ["key", reading?.key],
    ["readings", candidates.length > 1 ? candidates.join("  ") : undefined],
    ["state", state?.state],
    ["becomes", becomes],
  ];
  return {
    exitCode: EXIT.done,
    counts: { known: reading !== undefined, rewritten: becomes !== undefined },
    lines: [
      verdict,
      ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(10)}${value}`])),
    ],
  };
}
