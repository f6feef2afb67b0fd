import { z } from "@hono/zod-openapi";
import { PROBLEMS, type ProblemCode } from "../problem/problem-codes.ts";

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string().optional(),
    instance: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi("Problem", { description: "RFC 9457, with `code` as the stable name of what went wrong." });

/** Answers of a route that are problems, by their codes. */
export function problemAnswers(...codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      status,
      {
        description: sameStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join(" "),
        content: { "application/problem+json": { schema: problemSchema } },
      },
    ]),
  );
}

export const idParameter = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "is 1 to 64 of A-Z, a-z, 0-9, _ and -")
  .openapi({ example: "0f4a5a52-6d3c-4d9b-9a1f-0c9f8f6f1d11" });

const IDEMPOTENCY = "The same key again answers with the first result instead of doing it twice.";

export const idempotencyHeader = z.object({
  "idempotency-key": z.string().optional().openapi({ description: IDEMPOTENCY }),
});

/** The same for routes that take files, which a typed client does not send: zod's would have all headers copied and parsed for each. */
export const idempotencyParameter = {
  name: "idempotency-key",
  in: "header",
  required: false,
  description: IDEMPOTENCY,
  schema: { type: "string" },
} as const;

/** What a plain schema of OpenAPI looks like here: zod's own would have the body read and parsed. */
interface PlainSchema {
  type: "string" | "object";
  format?: string;
  properties?: Record<string, PlainSchema>;
  required?: string[];
}

/** Bytes. */
export const binarySchema: PlainSchema = { type: "string", format: "binary" };

/** A form with one file. */
export const fileFormSchema: PlainSchema = { type: "object", properties: { file: binarySchema }, required: ["file"] };
