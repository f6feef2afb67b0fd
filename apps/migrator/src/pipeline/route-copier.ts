import type { Route } from "@bucketferry/config";
import type { ObjectRecord } from "@bucketferry/ledger";
import { serverSideSource } from "../decide/server-side.ts";
import { LocatedFailure } from "../located-failure.ts";
import { joinedSignal } from "../process/joined-signal.ts";
import { bodyMemoryOf } from "../transfer/body-memory.ts";
import { md5Habit } from "../transfer/md5-habit.ts";
import { pause } from "../transfer/pause.ts";
import type { CopyPorts } from "./copy-ports.ts";
import { md5Check } from "./md5-check.ts";
import { objectAttempts } from "./object-attempts.ts";

/** Copies objects of one route and records what became of them; many at once, as many as the caller begins. */
export function routeCopier(route: Route, ports: CopyPorts): (object: ObjectRecord) => Promise<void> {
  const { reporter, signal, budget } = ports;
  // A pause ends with the first interruption: what waits is still planned.
  const patient = joinedSignal(signal, ports.drain);
  const pausing = pause({
    probe: async (side, probeSignal) => {
      await route[side].listPage({ limit: 1, signal: probeSignal });
    },
    patienceMs: ports.patienceMs,
    failureOf: (side, trouble) => new LocatedFailure(route, side, trouble),
    signal: patient,
    onEvent: (event) => reporter.event(event),
  });
  const attempt = objectAttempts({
    route,
    pausing,
    patient,
    ports,
    transfer: {
      route,
      policy: ports.policy,
      serverSide: serverSideSource(route, ports.serverSide),
      bandwidth: ports.throttle.bandwidth,
      partSizeBytes: ports.partSizeBytes,
      parts: ports.parts,
      uploads: ports.uploads,
      signal,
      onBytes: () => undefined,
      checkMd5: md5Check(md5Habit(route.source, signal), () => ports.note("md5Unproved")),
    },
  });

  return async (object) => {
    let release: (() => void) | undefined;
    try {
      release = await budget.take(bodyMemoryOf(object.size), patient);
      const change = await attempt(object);
      if (change !== undefined) await ports.record(change);
    } catch (error) {
      // Interrupted while it waited for something: it stays planned.
      if (patient.aborted && error === patient.reason) return;
      if (patient.aborted && error instanceof Error && error.name === "AbortError") return;
      throw error;
    } finally {
      release?.();
    }
  };
}
