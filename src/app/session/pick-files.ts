/** The browser's file dialog. */

/** Asks for slide files; nothing happens when the user cancels. Must be called from a user's action. */
export function pickFiles(onFiles: (files: readonly File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  // No filter by extension: slides come with many, and some with none.
  input.addEventListener('change', () => onFiles([...(input.files ?? [])]));
  input.click();
}
