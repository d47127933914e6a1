/** Handing a file to the user. */

/** Has the browser save `content` under `name`. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken its own reference by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The slide's name as the beginning of a file name: without its extension and without letters that no disk likes. */
export function fileStem(slideName: string): string {
  const stem = slideName.replace(/\.[A-Za-z0-9]{1,5}$/, '').replaceAll(/[^\w.-]+/g, '_');
  return stem === '' ? 'slide' : stem;
}
