import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apiClient } from "../src/client.ts";
import { openWorld, type World } from "./support/world.ts";

const exporter = new InMemorySpanExporter();
let world: World;

beforeAll(async () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const opened = await openWorld();
  if (opened === undefined) throw new Error("The embedded service needs no engine.");
  world = opened;
});
afterAll(async () => {
  await world.close();
  trace.disable();
  context.disable();
  propagation.disable();
});

it("a request is a span with its route, and what it asked of storage are spans within it", async () => {
  const token = await world.serviceToken();
  const path = "/files/a.txt";
  await fetch(`${world.url}${path}`, { method: "PUT", headers: { authorization: `Bearer ${token}` }, body: "x" });
  await expect.poll(() => exporter.getFinishedSpans().map(({ name }) => name)).toContain("PUT /files/:key");
  const spans = exporter.getFinishedSpans();
  const request = spans.find(({ name }) => name === "PUT /files/:key");
  const put = spans.find(({ name }) => name === "storage put");
  expect(request?.attributes).toMatchObject({ "http.request.method": "PUT", "http.response.status_code": 201 });
  expect(put?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain(token);
});

it("the typed client speaks the service's own types", async () => {
  const client = apiClient(world.url, { token: () => world.token("ada") });
  const created = await client.lectures.$post({ json: { title: "Typed" }, header: {} });
  expect(created.status).toBe(201);
  if (created.status !== 201) return;
  const { id } = await created.json();
  const read = await client.lectures[":id"].$get({ param: { id } });
  expect(await read.json()).toMatchObject({ id, title: "Typed", status: "empty" });
});
