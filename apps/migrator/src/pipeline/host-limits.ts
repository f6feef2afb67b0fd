import { isStorageError } from "@bucketferry/storage-core";
import type { Turn, Turns } from "@bucketferry/storage-core/layers";
import {
  afterOverload,
  afterSuccess,
  limitOf,
  startLimit,
  withMost,
  type AdaptiveLimit,
} from "../decide/adaptive-limit.ts";
import { isOverload } from "../decide/overload.ts";

/** What is known of all hosts that a process talks to: how many requests each of them bears, and who asked for a pause. */
export interface HostLimits {
  /** Turns for one side that lives on a host. All sides on a host share its limit and its pauses. */
  turnsOf(host: string): Turns;
  /** Most requests at once for any host, from now on. */
  setMost(requests: number): void;
  /** Requests at once that the slowest host bears. */
  least(): number;
  /** Nobody begins a request to this host for so long: what another process was told. */
  hold(host: string, forMs: number): void;
  /** Told when `least` may have changed; answers with what takes the listener away. */
  onChange(listener: () => void): () => void;
  /** Told when a host asks this process for a pause. */
  onHold(listener: (host: string, forMs: number) => void): () => void;
}

interface Host {
  limit: AdaptiveLimit;
  inFlight: number;
  notBeforeMs: number;
  readonly sides: Set<() => void>;
}

/** Larger bodies take their time because of their size. */
const ALIKE_BYTES = 256 * 1024;
/** A service that asks for more than this is waited for by the pause of the run, which says so. */
const LONGEST_HOLD_MS = 60_000;
const TIMED: ReadonlySet<string> = new Set(["get", "head", "put"]);

export function hostLimits(most: number, now: () => number = () => performance.now()): HostLimits {
  const hosts = new Map<string, Host>();
  const listeners = new Set<() => void>();
  const holdListeners = new Set<(host: string, forMs: number) => void>();
  let mostRequests = most;

  const hostNamed = (name: string): Host => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const host: Host = {
      limit: startLimit(mostRequests),
      inFlight: 0,
      notBeforeMs: Number.NEGATIVE_INFINITY,
      sides: new Set(),
    };
    hosts.set(name, host);
    return host;
  };

  const setLimit = (host: Host, limit: AdaptiveLimit): void => {
    const before = limitOf(host.limit);
    host.limit = limit;
    if (limitOf(limit) === before) return;
    for (const serve of host.sides) serve();
    for (const listener of listeners) listener();
  };

  const hold = (host: Host, forMs: number): void => {
    const untilMs = now() + Math.min(forMs, LONGEST_HOLD_MS);
    if (untilMs <= host.notBeforeMs) return;
    host.notBeforeMs = untilMs;
    wakeAfterHold(host);
  };

  /**
   * A timer counts from the time at which its turn of the event loop began, so after a busy one it fires early. Nobody else may
   * be under way who would serve the queue later.
   */
  const wakeAfterHold = (host: Host): void => {
    const leftMs = host.notBeforeMs - now();
    if (leftMs > 0) setTimeout(() => wakeAfterHold(host), Math.ceil(leftMs));
    else for (const serve of host.sides) serve();
  };

  const turnsOf = (name: string): Turns => {
    const host = hostNamed(name);
    const queue = new Set<() => void>();
    let inside = 0;

    const hasPlace = (): boolean => inside < limitOf(host.limit) && now() >= host.notBeforeMs;
    const serve = (): void => {
      for (const admit of queue) {
        if (!hasPlace()) return;
        queue.delete(admit);
        admit();
      }
    };
    host.sides.add(serve);

    const begin = (isTimed: boolean): Turn => {
      inside++;
      host.inFlight++;
      const beganAtMs = now();
      return {
        answered(error) {
          const nowMs = now();
          const latencyMs = isTimed ? nowMs - beganAtMs : undefined;
          const request = { beganAtMs, nowMs, inFlight: host.inFlight, latencyMs };
          if (error === undefined) {
            setLimit(host, afterSuccess(host.limit, request));
          } else if (isStorageError(error) && isOverload(error)) {
            if (error.retryAfterMs !== undefined) {
              hold(host, error.retryAfterMs);
              for (const listener of holdListeners) listener(name, error.retryAfterMs);
            }
            setLimit(host, afterOverload(host.limit, request));
          }
        },
        leave() {
          inside--;
          host.inFlight--;
          if (queue.size > 0) serve();
        },
      };
    };
    const isTimed = (operation: string, bytes: number | undefined): boolean =>
      TIMED.has(operation) && (operation !== "put" || (bytes !== undefined && bytes <= ALIKE_BYTES));

    return {
      take: ({ operation, upload }) =>
        queue.size === 0 && hasPlace() ? begin(isTimed(operation, upload?.bytes)) : undefined,
      wait: ({ operation, upload, signal }, refuse) =>
        new Promise((resolve, reject) => {
          const onAbort = (): void => {
            queue.delete(admit);
            if (signal !== undefined) reject(refuse(signal));
          };
          const admit = (): void => {
            signal?.removeEventListener("abort", onAbort);
            resolve(begin(isTimed(operation, upload?.bytes)));
          };
          if (signal?.aborted === true) return onAbort();
          signal?.addEventListener("abort", onAbort, { once: true });
          queue.add(admit);
        }),
    };
  };

  return {
    turnsOf,
    setMost(requests) {
      mostRequests = requests;
      for (const host of hosts.values()) setLimit(host, withMost(host.limit, requests));
    },
    least: () => Math.min(mostRequests, ...[...hosts.values()].map((host) => limitOf(host.limit))),
    hold: (name, forMs) => hold(hostNamed(name), forMs),
    onChange: (listener) => subscribe(listeners, listener),
    onHold: (listener) => subscribe(holdListeners, listener),
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
