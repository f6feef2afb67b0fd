import type { Context } from "hono";
import type { ServiceEnv } from "../service.ts";

/**
 * Sets a header on whatever answer the request will get. It goes to Node's message, before there is an answer: setting it
 * on the web Response later makes another Response of it, and a stream of its body.
 */
export function onEveryAnswer(context: Context<ServiceEnv>, name: string, value: string): void {
  context.env.outgoing?.setHeader(name, value);
}
