import { styleText } from "node:util";

/** A step of the story, in plain words. */
export function title(text: string): void {
  console.log(`\n${styleText("bold", text)}`);
}

export function say(text: string): void {
  console.log(`  ${text}`);
}

export function command(text: string): void {
  console.log(`\n${styleText("cyan", `$ bucketferry ${text}`)}`);
}
