import type { CommandEvent } from "./events.ts";

/** Objects of one kind that people are shown one by one. */
const SHOWN = 20;

export type Showing = "show" | "last" | "hide";

/**
 * A million objects can fail for one reason, and nobody reads the second hundred. People see the first ones of each kind;
 * programs and `report` have all of them.
 */
export function fewOfEach(): (event: CommandEvent) => Showing {
  const seen = new Map<string, number>();
  return (event) => {
    const kind = kindOf(event);
    if (kind === undefined) return "show";
    const count = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, count);
    if (count > SHOWN) return "hide";
    return count === SHOWN ? "last" : "show";
  };
}

function kindOf(event: CommandEvent): string | undefined {
  // `report` has a limit of its own.
  if (event.type === "object" && event.stage !== "report") {
    return `${event.stage} ${event.state} ${event.reason} ${event.code}`;
  }
  if (event.type === "diff") return `diff ${event.status} ${event.reason}`;
  if (event.type === "audited") return `audited ${event.side} ${event.status}`;
  if (event.type === "reference") return `reference ${event.problem}`;
  return undefined;
}

export const MORE_LIKE_IT =
  "… more like it are not shown; `bucketferry report`, --json and `verify --diff FILE` have them.";
