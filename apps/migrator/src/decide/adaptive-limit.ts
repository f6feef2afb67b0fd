/**
 * How many requests at once one host is given: additive increase, multiplicative decrease (AIMD), as TCP Reno has it
 * (RFC 5681) and Netflix's concurrency-limits has it for services, with a slow approach to the number that was too much the last
 * time, as TCP CUBIC has it (RFC 9438). Growing latency counts as a sign of its own, as in TCP Vegas: a service that queues
 * requests says so before it refuses any. All pure; times are milliseconds on a clock that never goes back.
 */
export interface AdaptiveLimit {
  /** At least 1, at most `most`; whole requests are `limitOf`. */
  readonly value: number;
  readonly most: number;
  /** So many at once were refused the last time; undefined: never. */
  readonly tooMany: number | undefined;
  /** Answers to requests that were begun before say nothing about the limit as it is now. */
  readonly decreasedAtMs: number;
  readonly latency: LatencyWindow;
}

/** Latencies of requests that are alike: small ones, from the beginning to the answer's head. */
interface LatencyWindow {
  readonly samplesMs: readonly number[];
  /** Running mean of the windows' medians; follows slowly, so that a service which is slower for good is no alarm forever. */
  readonly usualMs: number | undefined;
}

/** One request that has its answer. */
export interface AnsweredRequest {
  readonly beganAtMs: number;
  readonly nowMs: number;
  /** Requests to the host under way while it was, itself included. */
  readonly inFlight: number;
  /** Undefined: its size says more about its latency than the service does. */
  readonly latencyMs: number | undefined;
}

const NO_LATENCY: LatencyWindow = { samplesMs: [], usualMs: undefined };

/** After a refusal: the half, as TCP has it. Requests that are refused cost more than places that stay empty for a moment. */
const DECREASE = 0.5;
/** After latency alone: nothing was refused, so a little less will do. */
const SLOWER = 0.8;
/** A median of so many times the usual one is queueing. Below it are other people's requests, and bodies of other sizes. */
const TOLERANCE = 4;
/** Differences below this are the noise of a machine at work. */
const LEAST_GROWTH_MS = 50;
/** Shorter windows would follow single requests. */
const WINDOW_SAMPLES = 32;
const FOLLOW = 0.1;
/** Near the number that was too much, the limit grows so many times slower: each probe beyond it costs refusals. */
const PROBE_SLOWDOWN = 8;

/** Begins at the most: a service that is well is used in full from the first request. */
export function startLimit(most: number): AdaptiveLimit {
  return { value: most, most, tooMany: undefined, decreasedAtMs: Number.NEGATIVE_INFINITY, latency: NO_LATENCY };
}

/** Whole requests at once. */
export function limitOf({ value }: AdaptiveLimit): number {
  return Math.max(1, Math.floor(value));
}

/** The same limit under another upper bound. A limit that stood at the old bound goes with it. */
export function withMost(limit: AdaptiveLimit, most: number): AdaptiveLimit {
  const value = limit.value >= limit.most ? most : Math.min(limit.value, most);
  return { ...limit, most, value };
}

export function afterSuccess(limit: AdaptiveLimit, request: AnsweredRequest): AdaptiveLimit {
  const judged = judgeLatency(limit, request);
  if (judged.value < limit.value || judged.value >= judged.most) return judged;
  // Places that nobody used prove nothing.
  if (request.inFlight < limitOf(judged) / 2) return judged;
  const isNear = judged.tooMany !== undefined && judged.value + 1 >= judged.tooMany;
  const step = 1 / judged.value / (isNear ? PROBE_SLOWDOWN : 1);
  return { ...judged, value: Math.min(judged.most, judged.value + step) };
}

/** The service said that it is too much (429, 503 SlowDown, a time-out). One wave of refusals counts once. */
export function afterOverload(limit: AdaptiveLimit, { beganAtMs, nowMs, inFlight }: AnsweredRequest): AdaptiveLimit {
  if (beganAtMs < limit.decreasedAtMs) return limit;
  const used = Math.max(1, Math.min(limitOf(limit), inFlight));
  return {
    ...limit,
    value: Math.max(1, used * DECREASE),
    tooMany: used,
    decreasedAtMs: nowMs,
    latency: { ...limit.latency, samplesMs: [] },
  };
}

function judgeLatency(limit: AdaptiveLimit, { beganAtMs, nowMs, latencyMs }: AnsweredRequest): AdaptiveLimit {
  if (latencyMs === undefined || beganAtMs < limit.decreasedAtMs) return limit;
  const samplesMs = [...limit.latency.samplesMs, latencyMs];
  if (samplesMs.length < WINDOW_SAMPLES) {
    return { ...limit, latency: { ...limit.latency, samplesMs } };
  }
  const median = medianOf(samplesMs);
  const { usualMs = median } = limit.latency;
  const latency = { samplesMs: [], usualMs: usualMs + (median - usualMs) * FOLLOW };
  if (median < usualMs * TOLERANCE || median - usualMs < LEAST_GROWTH_MS) return { ...limit, latency };
  return { ...limit, latency, value: Math.max(1, limit.value * SLOWER), decreasedAtMs: nowMs };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
