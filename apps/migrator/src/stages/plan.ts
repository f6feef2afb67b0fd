import type { CopyConfig, Route, Selection } from "@bucketferry/config";
import type { ObjectRecord } from "@bucketferry/ledger";
import type { ObjectEntry } from "@bucketferry/storage-core";
import { forecastOf, type Forecast } from "../decide/forecast.ts";
import { obstacleOf, type ObstacleRules, type PlaceholderPolicy } from "../decide/obstacle.ts";
import { planChange } from "../decide/plan-change.ts";
import { PART_BYTES } from "../decide/part-plan.ts";
import { planObject, type PlanDecision } from "../decide/plan-object.ts";
import { folderObjects } from "../listing/folder-objects.ts";
import { keyTwins } from "../listing/key-twins.ts";
import { listSorted } from "../listing/list-sorted.ts";
import { lockStepPages, type Step } from "../listing/lock-step.ts";
import type { Manifest } from "../listing/manifest.ts";
import { withSteadyHeap } from "../process/steady-heap.ts";
import { WHOLE_BODY_BYTES } from "../decide/copy-way.ts";
import { planTally, type PlanTally, type PlanTotals } from "./plan-tally.ts";
import { refuseTwins } from "./refuse-twins.ts";
import type { StageContext } from "./stage-context.ts";

export interface PlanOptions extends Pick<CopyConfig, "archived" | "metadata"> {
  readonly placeholders: PlaceholderPolicy;
  /** Objects at the target that are not ours are given up. */
  readonly overwrite: boolean;
  /** Which objects each route takes up, by its name; a route that is not named takes up all. */
  readonly selections: ReadonlyMap<string, Selection>;
  /** Only these keys are taken up; undefined: all that the selections take. */
  readonly manifest: Manifest | undefined;
  /** For the forecast. */
  readonly partSizeBytes: number | undefined;
  readonly bytesPerSecond: number | undefined;
}

export interface PlanSummary extends Omit<PlanTotals, "requests"> {
  readonly complete: boolean;
  readonly twins: number;
  /** Keys of the manifest that the source lacks. */
  readonly onlyInManifest: number;
  readonly forecast: Forecast;
}

/**
 * Walks source, target and ledger in lock step and records what has to be done. Changes nothing but the ledger. Running it
 * again is how changes since, failures and losses are found; where nothing changed it costs the listings, and writes nothing.
 */
export async function plan(context: StageContext, options: PlanOptions): Promise<PlanSummary> {
  const tally = planTally({
    wholeBodyBytes: WHOLE_BODY_BYTES,
    partSizeBytes: options.partSizeBytes ?? PART_BYTES,
  });
  let twins = 0;
  let onlyInManifest = 0;
  for (const route of context.routes) {
    if (context.drain.aborted) break;
    const found = await withSteadyHeap(() => planRoute(route, context, options, tally));
    twins += found.twins;
    onlyInManifest += found.onlyInManifest;
  }
  const { requests, ...totals } = tally.totals();
  return {
    ...totals,
    twins,
    onlyInManifest,
    forecast: forecastOf({ requests, bytes: totals.toCopy.bytes }, options.bytesPerSecond),
    complete: !context.drain.aborted,
  };
}

type PlanStep = Step<ObjectEntry, ObjectEntry, ObjectRecord, string>;

async function planRoute(
  route: Route,
  context: StageContext,
  options: PlanOptions,
  tally: PlanTally,
): Promise<{ readonly twins: number; readonly onlyInManifest: number }> {
  const { ledger, reporter, drain, abort } = context;
  const { manifest, overwrite } = options;
  const progress = reporter.progress({ stage: `plan ${route.name}`, totalObjects: undefined, totalBytes: undefined });
  const writer = ledger.writer();
  const twins = await keyTwins();
  const folderOf = folderObjects();
  const rules: ObstacleRules = {
    target: route.target.capabilities,
    selection: options.selections.get(route.name),
    placeholders: options.placeholders,
    archived: options.archived,
    metadata: options.metadata,
  };
  let onlyInManifest = 0;

  const decide = ({ key: targetKey, a: source, b: target, c: known, d: listed }: PlanStep): PlanDecision => {
    if (source === undefined) return planObject({ source, target, known, obstacle: undefined, overwrite });
    const isNamed = manifest === undefined || listed !== undefined;
    const obstacle = obstacleOf({ source, targetKey, isNamed, folderOf }, rules);
    const decision = planObject({ source, target, known, obstacle, overwrite });
    if (decision.action !== "skip") twins.add(source.key);
    return decision;
  };

  try {
    const pages = lockStepPages(
      listSorted(route, "source", (entry) => route.targetKey(entry.key), abort),
      listSorted(route, "target", (entry) => entry.key, abort),
      {
        name: `the ledger of route ${route.name}`,
        pages: ledger.objects.pages({ route: route.name, signal: abort }),
        keyOf: (object: ObjectRecord) => object.targetKey,
      },
      manifest?.side(route),
    );
    for await (const steps of pages) {
      if (drain.aborted) break;
      let objects = 0;
      let bytes = 0;
      for (const step of steps) {
        const { key: targetKey, a: source, c: known } = step;
        const key = source?.key ?? known?.key ?? step.d ?? targetKey;
        const decision = decide(step);
        tally.count(route.name, decision, source?.size ?? known?.size ?? step.b?.size ?? 0);
        if (source !== undefined) {
          objects++;
          bytes += source.size;
        } else if (step.d !== undefined) {
          onlyInManifest++;
          reportObject(context, route, key, "absent", "only-in-manifest", null);
        }
        const change = planChange(decision, { route: route.name, key, targetKey, source, known });
        if (change !== undefined) await writer.add(change);
        if (decision.action === "refuse") {
          reportObject(context, route, key, "failed", decision.reason, decision.message);
        } else if (decision.action === "vanish") {
          reportObject(context, route, key, "vanished", change?.reason ?? "not-listed", null);
        }
      }
      progress.add(objects, bytes);
    }
    await writer.end();
    return { twins: drain.aborted ? 0 : await refuseTwins(route, twins, context, tally), onlyInManifest };
  } finally {
    progress.end();
    twins.close();
  }
}

function reportObject(
  { reporter }: StageContext,
  route: Route,
  key: string,
  state: string,
  reason: string,
  message: string | null,
): void {
  reporter.event({ type: "object", stage: "plan", route: route.name, key, state, reason, code: null, message });
}
