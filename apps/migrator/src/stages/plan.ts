import { changeOf, emptyFacts, type ObjectChange, type ObjectRecord } from "@bucketferry/ledger";
import type { ObjectEntry } from "@bucketferry/storage-core";
import type { Route } from "@bucketferry/config";
import { obstacleOf, type PlaceholderPolicy } from "../decide/obstacle.ts";
import { planObject, type PlanDecision } from "../decide/plan-object.ts";
import { folderObjects } from "../listing/folder-objects.ts";
import { keyTwins, type KeyTwins } from "../listing/key-twins.ts";
import { listSorted } from "../listing/list-sorted.ts";
import { lockStep } from "../listing/lock-step.ts";
import type { StageContext } from "./stage-context.ts";

export interface PlanOptions {
  readonly placeholders: PlaceholderPolicy;
  /** Objects at the target that are not ours are given up. */
  readonly overwrite: boolean;
}

/** Objects and bytes of one action with one reason. */
export interface PlannedAction {
  readonly route: string;
  readonly action: PlanDecision["action"];
  readonly reason: string | undefined;
  readonly objects: number;
  readonly bytes: number;
}

export interface PlanSummary {
  readonly complete: boolean;
  readonly actions: readonly PlannedAction[];
  readonly toCopy: { readonly objects: number; readonly bytes: number };
  readonly kept: number;
  readonly refused: number;
  readonly skipped: number;
  readonly vanished: number;
  readonly targetOnly: number;
  readonly twins: number;
}

/** Groups of twins that are shown one by one. */
const TWINS_SHOWN = 20;

/**
 * Walks source, target and ledger in lock step and records what has to be done. Changes nothing but the ledger. Running it
 * again is how changes since, failures and losses are found.
 */
export async function plan(context: StageContext, options: PlanOptions): Promise<PlanSummary> {
  const tally = actionTally();
  let twins = 0;
  for (const route of context.routes) {
    if (context.drain.aborted) break;
    twins += await planRoute(route, context, options, tally);
  }
  return { ...tally.summary(), twins, complete: !context.drain.aborted };
}

async function planRoute(
  route: Route,
  context: StageContext,
  options: PlanOptions,
  tally: ActionTally,
): Promise<number> {
  const { ledger, reporter, drain, abort } = context;
  const progress = reporter.progress({ stage: `plan ${route.name}`, totalObjects: undefined, totalBytes: undefined });
  const writer = ledger.writer();
  const twins = await keyTwins();
  const folderOf = folderObjects();
  const rules = { target: route.target.capabilities, placeholders: options.placeholders };
  try {
    const steps = lockStep(
      listSorted(route, "source", (entry) => route.targetKey(entry.key), abort),
      listSorted(route, "target", (entry) => entry.key, abort),
      {
        name: `the ledger of route ${route.name}`,
        items: ledger.objects.walk({ route: route.name, signal: abort }),
        keyOf: (object: ObjectRecord) => object.targetKey,
      },
    );
    for await (const { key: targetKey, a: source, b: target, c: known } of steps) {
      if (drain.aborted) break;
      const key = source?.key ?? known?.key ?? targetKey;
      let obstacle;
      if (source !== undefined) {
        twins.add(key);
        obstacle = obstacleOf({ key, targetKey, size: source.size, folderObject: folderOf(targetKey) }, rules);
      }
      const decision = planObject({ source, target, known, obstacle, overwrite: options.overwrite });
      tally.count(route.name, decision, source?.size ?? known?.size ?? target?.size ?? 0);
      if (source !== undefined) progress.add(1, source.size);
      const change = changeFor(decision, { route: route.name, key, targetKey, source, known });
      if (change !== undefined) await writer.add(change);
      if (decision.action === "refuse" || decision.action === "vanish") {
        reporter.event({
          type: "object",
          stage: "plan",
          route: route.name,
          key,
          state: decision.action === "vanish" ? "vanished" : "failed",
          reason: decision.action === "vanish" ? "not-listed" : decision.reason,
          code: null,
          message: decision.action === "vanish" ? null : decision.message,
        });
      }
    }
    await writer.end();
    return drain.aborted ? 0 : await reportTwins(route, twins, context, tally);
  } finally {
    progress.end();
    twins.close();
  }
}

interface DecidedObject {
  readonly route: string;
  readonly key: string;
  readonly targetKey: string;
  readonly source: ObjectEntry | undefined;
  readonly known: ObjectRecord | undefined;
}

/** What the ledger has to remember of a decision; undefined when it knows it already. */
function changeFor(decision: PlanDecision, object: DecidedObject): ObjectChange | undefined {
  const { source, known } = object;
  switch (decision.action) {
    case "none":
    case "keep":
    case "targetOnly":
      return undefined;
    case "vanish":
      return known && changeOf(known, { state: "vanished", reason: "not-listed", errorCode: null, errorMessage: null });
    case "copy":
    case "skip":
    case "refuse": {
      if (source === undefined) return undefined;
      const state = decision.action === "copy" ? "planned" : decision.action === "skip" ? "skipped" : "failed";
      const sourceFacts = {
        size: source.size,
        etag: source.etag ?? null,
        lastModified: source.lastModified?.getTime() ?? null,
        contentType: source.contentType ?? known?.contentType ?? null,
      };
      const isOnRecord =
        known?.state === state &&
        known.reason === decision.reason &&
        known.size === sourceFacts.size &&
        known.etag === sourceFacts.etag &&
        known.lastModified === sourceFacts.lastModified;
      if (isOnRecord) return undefined;
      const facts = {
        ...sourceFacts,
        state,
        reason: decision.reason,
        sha256: null,
        version: null,
        evidence: null,
        notCarried: null,
        attempts: 0,
        errorCode: decision.action === "refuse" ? "Refused" : null,
        errorMessage: decision.action === "refuse" ? decision.message : null,
      } as const;
      if (known !== undefined) return changeOf(known, facts);
      const { route, key, targetKey } = object;
      return { ...emptyFacts(), ...facts, route, key, targetKey, from: undefined };
    }
  }
}

/**
 * Reports twins. A target that cannot tell them apart would let one overwrite the other, so there they are refused.
 */
async function reportTwins(
  route: Route,
  twins: KeyTwins,
  { ledger, reporter }: StageContext,
  tally: ActionTally,
): Promise<number> {
  const present = async (keys: readonly string[]): Promise<ReadonlySet<string>> => {
    const found = await ledger.objects.find(route.name, keys);
    return new Set([...found.values()].filter((object) => object.state !== "vanished").map((object) => object.key));
  };
  let groups = 0;
  for await (const keys of twins.groups(present)) {
    groups++;
    if (groups <= TWINS_SHOWN) reporter.event({ type: "twins", route: route.name, keys });
    if (route.target.capabilities.keys.caseSensitive) continue;
    const found = await ledger.objects.find(route.name, keys);
    for (const object of found.values()) {
      if (object.state !== "planned" && object.state !== "failed") continue;
      const message = `The target takes it for the same key as ${keys.filter((key) => key !== object.key).join(", ")}.`;
      await ledger.objects.write([
        changeOf(object, { state: "failed", reason: "key-twin", errorCode: "Refused", errorMessage: message }),
      ]);
      if (object.state === "planned") tally.move(object, { action: "refuse", reason: "key-twin", message });
    }
  }
  if (groups > TWINS_SHOWN) {
    reporter.event({
      type: "warning",
      code: "twins",
      route: route.name,
      message: `${groups} groups of keys differ in case or Unicode form only; ${TWINS_SHOWN} were shown.`,
    });
  }
  return groups;
}

interface ActionTally {
  count(route: string, decision: PlanDecision, bytes: number): void;
  /** An object that was counted as to be copied is refused after all. */
  move(object: ObjectRecord, decision: PlanDecision): void;
  summary(): Omit<PlanSummary, "complete" | "twins">;
}

function actionTally(): ActionTally {
  const actions = new Map<string, { -readonly [Name in keyof PlannedAction]: PlannedAction[Name] }>();
  const add = (
    route: string,
    action: PlanDecision["action"],
    reason: string | undefined,
    objects: number,
    bytes: number,
  ): void => {
    const name = `${route} ${action} ${reason}`;
    const entry = actions.get(name) ?? { route, action, reason, objects: 0, bytes: 0 };
    entry.objects += objects;
    entry.bytes += bytes;
    actions.set(name, entry);
  };
  const sum = (action: PlanDecision["action"]): { objects: number; bytes: number } => {
    const total = { objects: 0, bytes: 0 };
    for (const entry of actions.values()) {
      if (entry.action !== action) continue;
      total.objects += entry.objects;
      total.bytes += entry.bytes;
    }
    return total;
  };
  return {
    count(route, decision, bytes) {
      if (decision.action === "none") return;
      add(route, decision.action, "reason" in decision ? decision.reason : undefined, 1, bytes);
    },
    move(object, decision) {
      add(object.route, "copy", object.reason ?? undefined, -1, -object.size);
      add(object.route, decision.action, "reason" in decision ? decision.reason : undefined, 1, object.size);
    },
    summary: () => ({
      actions: [...actions.values()].filter((entry) => entry.objects > 0),
      toCopy: sum("copy"),
      kept: sum("keep").objects,
      refused: sum("refuse").objects,
      skipped: sum("skip").objects,
      vanished: sum("vanish").objects,
      targetOnly: sum("targetOnly").objects,
    }),
  };
}
