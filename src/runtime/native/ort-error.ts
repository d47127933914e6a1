/** What ONNX Runtime says is wrong: its first line, without source positions and without the full stop. */
export function ortReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n')[0] ?? text;
  const known = /(?:was false\. |\[ONNXRuntimeError\] : \d+ : \w+ : )(.+)$/.exec(line)?.[1] ?? line;
  return known.replace(/\.$/, '');
}
