export { HttpError, type HttpErrorCode } from "./http-error.ts";
export { http1Pool, type Http1Pool, type Http1PoolOptions } from "./http1-pool.ts";
export type { AnswerBody, AnswerHeaders, Http1Answer, Http1Request } from "./exchange.ts";
