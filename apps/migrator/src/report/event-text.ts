import { isTrouble, type DiffRow, type DiffStatus } from "../diff/diff-row.ts";
import type { CommandEvent } from "./events.ts";
import { counted, formatBytes, formatKey } from "./format.ts";

export type Tone = "plain" | "dim" | "good" | "warning" | "bad";

export interface EventText {
  readonly text: string;
  readonly tone: Tone;
  /** More lines, each in a tone of its own. */
  readonly below?: readonly { readonly text: string; readonly tone: Tone }[];
}

const LEVEL_TONES = { ok: "good", warning: "warning", error: "bad" } as const;

/** An event as a line for people; undefined for what they see in another way (tables, bars), or need not see. */
export function eventText(event: CommandEvent): EventText | undefined {
  switch (event.type) {
    case "object":
      return {
        text: `${event.state} ${event.route}: ${formatKey(event.key)} (${[event.reason, event.code, event.message].filter(Boolean).join(", ")})`,
        tone: event.state === "failed" ? "bad" : "warning",
      };
    case "diff":
      return { text: diffText(event), tone: isTrouble(event) ? "bad" : "dim" };
    case "twins":
      return {
        text: `twins in ${event.route}: ${event.keys.map(formatKey).join("  ")} differ in case or Unicode form only`,
        tone: "warning",
      };
    case "warning":
      return { text: `warning: ${event.message}`, tone: "warning" };
    case "schedule":
      return { text: event.message, tone: event.paused ? "warning" : "plain" };
    case "paused":
      return { text: `paused: the ${event.side} says ${event.code}: ${event.message}`, tone: "warning" };
    case "resumed":
      return { text: event.message, tone: "good" };
    case "finding":
      return {
        text: `${event.level.padEnd(7)} ${event.subject}: ${event.message}${event.fix === undefined ? "" : `\n          → ${event.fix}`}`,
        tone: LEVEL_TONES[event.level],
      };
    case "step":
      return {
        text: `${event.done ? "done" : "would"}: ${event.step} (${event.bucket})`,
        tone: event.done ? "good" : "plain",
      };
    case "gate":
      return event.open
        ? undefined
        : { text: `The gate before ${event.stage} is closed: ${event.reasons.join(", ")}.`, tone: "bad" };
    case "evidence":
      return {
        text: `evidence: ${event.file} (${counted(event.lines, "line")})\n  root   ${event.root}\n  sha256 ${event.sha256}`,
        tone: "good",
      };
    case "audited":
      return {
        text: `${event.status} at the ${event.side}: ${event.route}: ${formatKey(event.key)}${event.message === null ? "" : ` (${event.code}, ${event.message})`}`,
        tone: "bad",
      };
    case "inclusion":
      return {
        text: [
          `${formatKey(event.key)} is leaf ${event.leafIndex} of ${event.treeSize}; the hashes beside its way to the root:`,
          ...event.path.map((hash) => `  ${hash}`),
        ].join("\n"),
        tone: "good",
      };
    case "reference":
      return {
        text: `${event.table}.${event.column} ${JSON.stringify(event.primaryKey)}: ${event.problem} (${event.route} ${formatKey(event.key)})`,
        tone: "bad",
      };
    case "error":
      return { text: `error: ${event.message}${event.hint === undefined ? "" : `\n  → ${event.hint}`}`, tone: "bad" };
    case "owner":
      return {
        text: `held by process ${event.pid} on ${event.host} (${event.command}), since ${event.since}`,
        tone: "plain",
      };
    case "stage":
      return event.status === "interrupted" ? { text: `${event.stage}: interrupted`, tone: "warning" } : undefined;
    case "cell-rewritten":
    case "cell-restored":
      return {
        text: `${event.table}.${event.column} ${JSON.stringify(event.primaryKey)}`,
        tone: "plain",
        below: [
          { text: `  - ${event.before}`, tone: "bad" },
          { text: `  + ${event.after}`, tone: "good" },
        ],
      };
    case "reference-kept":
      return {
        text: `kept ${event.table}.${event.column} ${JSON.stringify(event.primaryKey)}: ${event.text} (${event.reason})`,
        tone: "warning",
      };
    case "cell-left":
      return {
        text: `left ${event.table}.${event.column} ${JSON.stringify(event.primaryKey)}: ${event.reason}`,
        tone: "warning",
        below:
          event.now === undefined
            ? []
            : [
                { text: `  before  ${event.before ?? ""}`, tone: "dim" },
                { text: `  ours    ${event.ours ?? ""}`, tone: "dim" },
                { text: `  now     ${event.now ?? "NULL"}`, tone: "plain" },
              ],
      };
    case "cell-failed":
      return {
        text: `failed ${event.table}.${event.column} ${JSON.stringify(event.primaryKey)}: ${event.message}`,
        tone: "bad",
      };
    case "reference-skipped":
      return {
        text: `left out: ${event.table}${event.column === undefined ? "" : `.${event.column}`} (${event.reason})${event.rows === undefined ? "" : `: ${counted(event.rows, "row")} with something that looks like a reference`}`,
        tone: event.rows === undefined ? "dim" : "warning",
      };
    case "old-reference":
      return {
        text: `old ${event.table}.${event.column} ${JSON.stringify(event.primaryKey)}: ${event.text}`,
        tone: "warning",
      };
    case "look":
      return { text: `${counted(event.references, "reference")} in ${counted(event.cells, "cell")}`, tone: "dim" };
    case "explanation":
    case "start":
    case "progress":
    case "plan-action":
    case "counts":
    case "run":
    case "reference-progress":
    case "reference-column":
      return undefined;
  }
}

/** The signs that rclone's check uses, https://rclone.org/commands/rclone_check/ */
const SIGNS: Readonly<Record<DiffStatus, string>> = {
  equal: "=",
  differ: "*",
  "only-source": "+",
  "only-target": "-",
  unreadable: "!",
};

function diffText({ status, route, key, reason, sourceSize, targetSize, metadata, code, message }: DiffRow): string {
  const sizes = sourceSize === targetSize ? [] : [`${sizeText(sourceSize)} → ${sizeText(targetSize)}`];
  const fields = metadata.map(
    ({ name, source, target }) => `${name}: ${JSON.stringify(source)} → ${JSON.stringify(target)}`,
  );
  const why = [reason, ...sizes, ...fields, code, message].filter((part) => part !== null && part !== "").join(", ");
  return `${SIGNS[status]} ${status} ${route}: ${formatKey(key)} (${why})`;
}

function sizeText(size: number | null): string {
  return size === null ? "nothing" : formatBytes(size);
}
