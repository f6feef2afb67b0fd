import { framingOf, parseAnswerHead, type AnswerHead, type Framing } from "./answer-head.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { HttpError } from "./http-error.ts";

/** Longest head of an answer; Node's own limit is a quarter of it. */
const LONGEST_HEAD = 64 * 1024;
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");

/** What is made known of an answer, in this order. Data are views that are valid during the call only. */
export interface AnswerEvents {
  onHead(head: AnswerHead, framing: Framing): void;
  onData(view: Uint8Array): void;
  onEnd(): void;
}

type State =
  | { readonly kind: "over" }
  /** `partial`: the beginning of a head whose end has not come yet. */
  | { readonly kind: "head"; partial: Buffer | undefined }
  | { readonly kind: "length"; left: number }
  | { readonly kind: "chunked"; readonly decoder: ChunkedDecoder }
  | { readonly kind: "until-close" };

const OVER: State = { kind: "over" };

/** Takes the answers of one connection apart, one after the other, where they lie in the memory that was read into. */
export class AnswerReader {
  readonly #events: AnswerEvents;
  #state: State = OVER;
  #method = "";

  constructor(events: AnswerEvents) {
    this.#events = events;
  }

  /** The next answer is one to a request of this method. */
  expect(method: string): void {
    this.#method = method;
    this.#state = { kind: "head", partial: undefined };
  }

  /**
   * Says how many of the bytes belong to the expected answer: fewer than there are when it ends among them.
   * @throws HttpError `HTTP_BAD_ANSWER`
   */
  take(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.byteLength && this.#state.kind !== "over") {
      taken += this.#step(taken === 0 ? bytes : bytes.subarray(taken));
    }
    return taken;
  }

  /** No more bytes come. True when that is how this answer ends, and not before its end. */
  endOfInput(): boolean {
    if (this.#state.kind !== "until-close") return false;
    this.#end();
    return true;
  }

  #step(bytes: Uint8Array): number {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#takeHead(bytes, state);
      case "length": {
        const taken = Math.min(state.left, bytes.byteLength);
        state.left -= taken;
        this.#events.onData(taken === bytes.byteLength ? bytes : bytes.subarray(0, taken));
        if (state.left === 0) this.#end();
        return taken;
      }
      case "chunked": {
        const taken = state.decoder.take(bytes, (data) => this.#events.onData(data));
        if (state.decoder.isOver) this.#end();
        return taken;
      }
      case "until-close":
        this.#events.onData(bytes);
        return bytes.byteLength;
      case "over":
        return 0;
    }
  }

  #takeHead(bytes: Uint8Array, state: { partial: Buffer | undefined }): number {
    const before = state.partial;
    const here = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const all = before === undefined ? here : Buffer.concat([before, here]);
    const end = all.indexOf(HEAD_END);
    if (end === -1) {
      if (all.byteLength > LONGEST_HEAD) throw new HttpError("HTTP_BAD_ANSWER", "the head of the answer does not end");
      // The memory is read into again, so what is kept is copied.
      state.partial = before === undefined ? Buffer.from(all) : all;
      return bytes.byteLength;
    }
    state.partial = undefined;
    const head = parseAnswerHead(textOf(all, end));
    // Interim answers, such as 100 and 103, say nothing yet.
    if (head.status >= 200) this.#begin(head);
    return end + HEAD_END.length - (before?.byteLength ?? 0);
  }

  #begin(head: AnswerHead): void {
    const framing = framingOf(this.#method, head);
    if (framing.kind === "length") this.#state = { kind: "length", left: framing.bytes };
    else this.#state = framing.kind === "chunked" ? { kind: "chunked", decoder: new ChunkedDecoder() } : framing;
    this.#events.onHead(head, framing);
    if (framing.kind === "length" && framing.bytes === 0) this.#end();
  }

  #end(): void {
    this.#state = OVER;
    this.#events.onEnd();
  }
}

/** Values are UTF-8 where they can be, as services send metadata; what is not was written in Latin-1, as old ones do. */
function textOf(bytes: Buffer, end: number): string {
  const text = bytes.toString("utf8", 0, end);
  return text.includes("\ufffd") ? bytes.toString("latin1", 0, end) : text;
}
