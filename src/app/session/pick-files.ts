/** The browser's file dialog. */

/** Held while its dialog is open: an element that nothing refers to may be collected, and its files are never told. */
let open: HTMLInputElement | null = null;

/** Asks for slide files; nothing happens when the user cancels. Must be called from a user's action. */
export function pickFiles(onFiles: (files: readonly File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  // No filter by extension: slides come with many, and some with none.
  input.addEventListener('change', () => {
    if (open === input) open = null;
    onFiles([...(input.files ?? [])]);
  });
  open = input;
  input.click();
}
