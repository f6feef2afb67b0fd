import type { StorageErrorCode } from "@bucketferry/storage-core";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Counters of one instance, in Prometheus' text format. Labels are few: routes are patterns, never paths. */
export interface Metrics {
  request(labels: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void;
  requestsUnderWay(change: 1 | -1): void;
  storageCall(operation: string, outcome: "ok" | StorageErrorCode, seconds: number): void;
  storedBytes(direction: "in" | "out", bytes: number): void;
  job(kind: string, outcome: "done" | "retry" | "failed"): void;
  /** `application/openmetrics-text` or the older text format, and the page in it. */
  page(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function metrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: "http_server_request_duration_seconds",
    help: "Time until the answer was ready, by route.",
    labelNames: ["method", "route", "status"] as const,
    buckets: SECONDS,
    registers,
  });
  const underWay = new Gauge({
    name: "http_server_active_requests",
    help: "Requests that are being worked on.",
    registers,
  });
  const calls = new Histogram({
    name: "storage_call_duration_seconds",
    help: "Calls to the storage provider, by operation and outcome.",
    labelNames: ["operation", "outcome"] as const,
    buckets: SECONDS,
    registers,
  });
  const bytes = new Counter({
    name: "object_bytes_total",
    help: "Bytes of objects that came in and went out.",
    labelNames: ["direction"] as const,
    registers,
  });
  const jobs = new Counter({
    name: "background_jobs_total",
    help: "Background jobs by outcome.",
    labelNames: ["kind", "outcome"] as const,
    registers,
  });
  return {
    request: ({ method, route, status }, seconds) =>
      requests.observe({ method, route, status: String(status) }, seconds),
    requestsUnderWay: (change) => underWay.inc(change),
    storageCall: (operation, outcome, seconds) => calls.observe({ operation, outcome }, seconds),
    storedBytes: (direction, count) => bytes.inc({ direction }, count),
    job: (kind, outcome) => jobs.inc({ kind, outcome }),
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
