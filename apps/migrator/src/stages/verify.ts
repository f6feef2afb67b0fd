import { changeOf, type Evidence, type ObjectChange, type ObjectRecord } from "@bucketferry/ledger";
import { isStorageError } from "@bucketferry/storage-core";
import type { Route } from "@bucketferry/config";
import { actionFor } from "../decide/failure.ts";
import { verifyObject, type VerifyDepth } from "../decide/verify-object.ts";
import { recordedAgainstTarget, type ListedCopy } from "../listing/recorded-against-target.ts";
import { LocatedFailure } from "../located-failure.ts";
import { readDigests } from "../transfer/compare-at-target.ts";
import { pool } from "../transfer/pool.ts";
import { at, SideFailure } from "../transfer/side-failure.ts";
import type { StageContext } from "./stage-context.ts";

export interface VerifyOptions {
  readonly depth: VerifyDepth;
  readonly concurrency: number;
}

export interface VerifySummary {
  readonly verified: number;
  readonly byEvidence: Partial<Record<Evidence, number>>;
  /** Look right in the listing, and there is no evidence about their bytes (only with `--quick`). */
  readonly unproved: number;
  /** Have to be copied again: lost, replaced or damaged at the target, or changed at the source. */
  readonly planAgain: Partial<Record<string, number>>;
  /** Could not be checked this time. */
  readonly unchecked: number;
  readonly vanished: number;
  readonly bytesRead: number;
  readonly complete: boolean;
}

type Counts = { -readonly [Name in keyof VerifySummary]: VerifySummary[Name] };

/**
 * Makes `verified` of `copied`, on evidence only, and looks again at what was verified before. A page of the target's listing
 * is one request for a thousand objects; a body is read back only where nothing else proves its bytes, or with `--deep`.
 */
export async function verify(context: StageContext, options: VerifyOptions): Promise<VerifySummary> {
  const { ledger, reporter, drain, abort } = context;
  const counts: Counts = {
    verified: 0,
    byEvidence: {},
    unproved: 0,
    planAgain: {},
    unchecked: 0,
    vanished: 0,
    bytesRead: 0,
    complete: true,
  };
  const present = (await ledger.objects.count()).filter(({ state }) => state === "copied" || state === "verified");
  const progress = reporter.progress({
    stage: "verify",
    totalObjects: present.reduce((sum, count) => sum + count.objects, 0),
    totalBytes: undefined,
  });
  const writer = ledger.writer({ onCommitted: (change) => countCommitted(change, counts, context) });
  try {
    for (const route of context.routes) {
      if (drain.aborted) break;
      const copies = recordedAgainstTarget(route, ledger, ["copied", "verified"], abort);
      const check = checker(route, context, options, counts);
      await pool(
        copies,
        async (copy) => {
          const change = await check(copy);
          if (change !== undefined) await writer.add(change);
          progress.add(1, 0);
        },
        { concurrency: () => options.concurrency, drain: AbortSignal.any([drain, abort]) },
      );
    }
    await writer.end();
  } finally {
    progress.end();
  }
  counts.complete = !drain.aborted && !abort.aborted;
  return counts;
}

function countCommitted(change: ObjectChange, counts: Counts, { reporter }: StageContext): void {
  if (change.state === "verified") {
    counts.verified++;
    if (change.evidence !== null) counts.byEvidence[change.evidence] = (counts.byEvidence[change.evidence] ?? 0) + 1;
    return;
  }
  if (change.state === "vanished") counts.vanished++;
  else counts.planAgain[change.reason ?? ""] = (counts.planAgain[change.reason ?? ""] ?? 0) + 1;
  reporter.event({
    type: "object",
    stage: "verify",
    route: change.route,
    key: change.key,
    state: change.state,
    reason: change.reason,
    code: change.errorCode,
    message: change.errorMessage,
  });
}

function checker(route: Route, { reporter, abort }: StageContext, options: VerifyOptions, counts: Counts) {
  const countBytes = (bytes: number): void => {
    counts.bytesRead += bytes;
  };

  const readBack = async (object: ObjectRecord, bothSides: boolean): Promise<ObjectChange> => {
    if (bothSides) {
      const source = await readDigests(route.source, object.key, abort, "source", countBytes);
      if (source.digests.sha256 !== object.sha256) return planAgain(object, "source-changed");
    }
    const target = await readDigests(route.target, object.targetKey, abort, "target", countBytes);
    if (target.digests.sha256 !== object.sha256) {
      // Somebody put another object there since the listing: then it is not our copy that is damaged.
      const ours = object.targetEtag === null || target.info.etag === object.targetEtag;
      return planAgain(object, ours ? "target-damaged" : "target-changed");
    }
    return changeOf(object, { state: "verified", evidence: bothSides ? "both-read" : "read-back" });
  };

  const checkOne = async ({ object, listed }: ListedCopy): Promise<ObjectChange | undefined> => {
    // A listing without ETags cannot tell our copy from another one of the same size; asking costs one request.
    const seen =
      listed === undefined || listed.etag !== undefined
        ? listed
        : await at("target", route.target.head(object.targetKey, { signal: abort }));
    const decision = verifyObject(object, seen, options.depth);
    switch (decision.action) {
      case "verified":
        return changeOf(object, { state: "verified" });
      case "unproved":
        counts.unproved++;
        return undefined;
      case "plan-again":
        return planAgain(object, decision.reason);
      case "read":
        return readBack(object, decision.bothSides);
    }
  };

  return async (copy: ListedCopy): Promise<ObjectChange | undefined> => {
    const { object } = copy;
    try {
      return await checkOne(copy);
    } catch (error) {
      if (!(error instanceof SideFailure)) throw error;
      const { side, failure } = error;
      if (side === "target" && isStorageError(failure, "NotFound")) return planAgain(object, "target-lost");
      const action = actionFor(side, failure);
      if (action === "vanished") return changeOf(object, { state: "vanished", reason: "gone-from-source" });
      if (action === "interrupted" && abort.aborted) return undefined;
      if (action === "stop" || action === "pause") throw new LocatedFailure(route, side, failure);
      // Not being able to look says nothing about the copy: its state stays, and it is said.
      counts.unchecked++;
      reporter.event({
        type: "object",
        stage: "verify",
        route: object.route,
        key: object.key,
        state: object.state,
        reason: "unchecked",
        code: failure.code,
        message: failure.message,
      });
      return undefined;
    }
  };
}

function planAgain(object: ObjectRecord, reason: string): ObjectChange {
  return changeOf(object, { state: "planned", reason, evidence: null, attempts: 0 });
}
