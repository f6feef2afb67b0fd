import type { RandomFault } from "@bucketferry/local-servers";
import type { SeenRequest } from "@bucketferry/storage-core/conformance";

/** What a request to an S3 service asks for, as far as the soak has to know. Path style: `/BUCKET/KEY`. */
export function keyOf({ path }: Pick<SeenRequest, "path">): string | undefined {
  const slash = path.indexOf("/", 1);
  const key = slash === -1 ? "" : path.slice(slash + 1);
  return key === "" ? undefined : decodeURIComponent(key);
}

const isBodyRead = (request: SeenRequest): boolean =>
  request.method === "GET" && keyOf(request) !== undefined && !request.query.includes("uploadId");

/** A whole object or a part of one: what carries bytes of an object to the target. */
const isBodyWrite = (request: SeenRequest): boolean => request.method === "PUT" && keyOf(request) !== undefined;

const SLOW_DOWN =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>';

/**
 * Bad weather on one way: 5 % of all requests end in a reset connection, 5 % in a 503; 1 % of all answers with a body are cut
 * short, and 1 % of all bodies arrive with one bit flipped. Bits are flipped in bodies of objects alone: nothing protects the
 * XML of a listing but the transport, and that is TLS outside of tests.
 */
export const BAD_WEATHER: readonly RandomFault[] = [
  { probability: 0.0125, fault: { kind: "reset", when: "beforeRequest" } },
  { probability: 0.0125, fault: { kind: "reset", when: "duringRequest" } },
  { probability: 0.0125, fault: { kind: "reset", when: "afterRequest" } },
  { probability: 0.0125, fault: { kind: "reset", when: "afterHeaders" } },
  { probability: 0.03, fault: { kind: "answer", status: 503, body: SLOW_DOWN } },
  { probability: 0.019, fault: { kind: "answer", status: 503, body: SLOW_DOWN, headers: { "retry-after": "0" } } },
  { probability: 0.001, fault: { kind: "answer", status: 503, body: SLOW_DOWN, headers: { "retry-after": "1" } } },
  { probability: 0.005, match: { method: "GET" }, fault: { kind: "truncate", afterBytes: "anywhere", end: "cut" } },
  { probability: 0.005, match: { method: "GET" }, fault: { kind: "truncate", afterBytes: "anywhere", end: "clean" } },
  { probability: 0.01, match: isBodyRead, fault: { kind: "flipBit", atByte: "anywhere" } },
  { probability: 0.01, match: isBodyWrite, fault: { kind: "flipRequestBit", atByte: "anywhere" } },
];

/** What comes so seldom that a short run may be spared it. */
const RARE: readonly RandomFault["fault"]["kind"][] = ["truncate", "flipBit", "flipRequestBit"];
const RARE_AT_LATEST = 40;

/** Bad weather for a short run, which must not depend on its luck: every trouble comes within a few dozen requests that it can hit. */
export const BAD_WEATHER_IN_SHORT: readonly RandomFault[] = BAD_WEATHER.map((one) =>
  RARE.includes(one.fault.kind) ? { ...one, atLatest: RARE_AT_LATEST } : one,
);
