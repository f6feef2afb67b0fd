import { setTimeout as sleep } from "node:timers/promises";
import type { Route } from "@bucketferry/config";
import { changeOf, type ObjectChange, type ObjectRecord } from "@bucketferry/ledger";
import type { StorageError } from "@bucketferry/storage-core";
import { actionFor, type Side } from "../decide/failure.ts";
import { backoffMs, OBJECT_ATTEMPTS } from "../decide/object-attempts.ts";
import { extendStreak, judgeStreak, NO_STREAK } from "../decide/outage.ts";
import { LocatedFailure } from "../located-failure.ts";
import type { Pause } from "../transfer/pause.ts";
import { SideFailure } from "../transfer/side-failure.ts";
import { transferObject } from "../transfer/transfer-object.ts";
import type { TransferContext } from "../transfer/transfer.ts";
import type { CopyPorts } from "./copy-ports.ts";
import { changeAfter, failed, vanished } from "./object-change.ts";

/** An object whose credentials "expire" again after each pause is not waited for forever. */
const PAUSES_PER_OBJECT = 3;

export interface AttemptsOptions {
  readonly route: Route;
  readonly transfer: TransferContext;
  readonly pausing: Pause;
  /** Ends waiting: of pauses and between attempts. */
  readonly patient: AbortSignal;
  readonly ports: Pick<CopyPorts, "record" | "note" | "reporter" | "throttle" | "drain" | "signal">;
}

/**
 * Copies one object of a route, as often as its failures allow. Resolves with what became of it, or with undefined when it
 * stays planned because the run ends.
 * @throws LocatedFailure when nothing that follows can succeed
 */
export function objectAttempts({ route, transfer, pausing, patient, ports }: AttemptsOptions) {
  const { note, reporter, throttle, drain, signal } = ports;
  let streak = NO_STREAK;

  /** What was put is ours, and old: the next attempt may replace it, also when this process does not live to make it. */
  const noteOldCopy = async (
    object: ObjectRecord,
    put: { readonly etag: string; readonly size: number },
  ): Promise<ObjectRecord> => {
    const change = changeOf(object, {
      state: "planned",
      reason: "source-changed",
      targetEtag: put.etag,
      targetSize: put.size,
    });
    await ports.record(change);
    return { ...object, ...change, updatedAt: object.updatedAt };
  };

  /** Fails the object, unless so many failed alike that it is the service's fault. */
  const giveUp = (object: ObjectRecord, attempts: number, side: Side, failure: StorageError): ObjectChange => {
    streak = extendStreak(streak, side, failure.code);
    const verdict = judgeStreak(streak, throttle.concurrency());
    if (verdict === "stop") throw new LocatedFailure(route, side, failure);
    if (verdict === "pause") {
      pausing.begin(side, failure);
      streak = NO_STREAK;
    }
    return failed(object, attempts, failure.code, failure.message);
  };

  return async (planned: ObjectRecord): Promise<ObjectChange | undefined> => {
    let object = planned;
    let pauses = 0;
    for (let number = 1; ; number++) {
      if (number > 1 && drain.aborted) return undefined;
      await pausing.passable(patient);
      const attempts = planned.attempts + number;
      try {
        const outcome = await transferObject(object, transfer);
        streak = NO_STREAK;
        if (outcome.kind === "copied" && isOtherType(object.contentType, outcome.info.contentType)) {
          note("contentTypeDiffers");
        }
        if (outcome.kind !== "changed") return changeAfter(object, outcome, attempts);

        note("changedUnderCopy");
        if (outcome.put !== undefined) object = await noteOldCopy(object, outcome.put);
        if (number >= OBJECT_ATTEMPTS) {
          return failed(object, attempts, "Changing", "The source changed each time while it was read.");
        }
      } catch (error) {
        if (!(error instanceof SideFailure)) throw error;
        const { side, failure } = error;
        switch (actionFor(side, failure)) {
          case "vanished":
            return vanished(object, attempts);
          case "stop":
            throw new LocatedFailure(route, side, failure);
          case "interrupted":
            if (signal.aborted || drain.aborted) return undefined;
            break;
          case "pause":
            if (++pauses > PAUSES_PER_OBJECT) throw new LocatedFailure(route, side, failure);
            pausing.begin(side, failure);
            number--;
            continue;
          case "give-up":
            return giveUp(object, attempts, side, failure);
          case "compare":
          case "again":
            break;
        }
        if (number >= OBJECT_ATTEMPTS) return giveUp(object, attempts, side, failure);
        reporter.log(
          "debug",
          `${route.name} ${object.key}: attempt ${number} failed with ${failure.code}: ${failure.message}`,
        );
        await sleep(backoffMs(number + 1, failure.retryAfterMs, Math.random()), undefined, { signal: patient });
      }
    }
  };
}

/** Whether a listing named one type and the object came with another; most listings name none. */
function isOtherType(listed: string | null, served: string | undefined): boolean {
  return listed !== null && served !== undefined && listed !== served;
}
