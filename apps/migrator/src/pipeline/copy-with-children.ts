export { copyInProcess as copyWithChildren } from "./copy-in-process.ts";
