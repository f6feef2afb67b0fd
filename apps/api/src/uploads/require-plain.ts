import type { Context } from "hono";
import { Problem } from "../problem/problem.ts";

/** What is coded would be stored as it comes, under a type that it then has not: RFC 9110 §15.5.16 and §14.5. */
export function requirePlain({ req }: Pick<Context, "req">): void {
  const coding = req.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity") {
    throw new Problem("UnsupportedMediaType", "Send the file as it is, without Content-Encoding.", {
      headers: { "accept-encoding": "identity" },
    });
  }
  if (req.header("content-range") !== undefined) {
    throw new Problem("InvalidRequest", "Send all of the file, without Content-Range; /tus takes one in pieces.");
  }
}
