/** Downloads `content` as a file called `name`. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken its own reference by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** File name stem for a slide: its name without extension and without characters that file systems reject. */
export function fileStem(slideName: string): string {
  const stem = slideName.replace(/\.[A-Za-z0-9]{1,5}$/, '').replaceAll(/[^\w.-]+/g, '_');
  return stem === '' ? 'slide' : stem;
}
