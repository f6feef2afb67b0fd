import { Problem } from "../problem/problem.ts";
import type { ProblemCode } from "../problem/problem-codes.ts";

/** What the tus server refuses by itself, it says in words, with one of these. Some of its 403 are headers that are missing. */
const CODES: Readonly<Record<number, ProblemCode>> = {
  403: "InvalidRequest",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  412: "PreconditionFailed",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  501: "NotSupported",
};

/** The tus server's own answer as a problem, so that its clients too find a code and the request's id. */
export async function tusProblem(answer: Response): Promise<Problem> {
  const text = (await answer.text()).trim();
  const code = CODES[answer.status] ?? (answer.status < 500 ? "InvalidRequest" : "Internal");
  return code === "Internal"
    ? new Problem(code, undefined, { cause: new Error(`The tus server answered ${answer.status}: ${text}`) })
    : new Problem(code, text);
}
