/** Distance between stripes, in tile pixels. */
const stripePx = 24;

/** A placeholder that cannot be taken for tissue at any zoom: grey, with diagonal stripes and a cross. */
export function drawBrokenTile(width: number, height: number): ImageBitmap {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.fillStyle = '#9a9a9a';
    context.fillRect(0, 0, width, height);
    context.strokeStyle = '#828282';
    context.lineWidth = stripePx / 3;
    context.beginPath();
    for (let x = -height; x < width; x += stripePx) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.strokeStyle = '#4a4a4a';
    context.lineWidth = Math.max(2, Math.min(width, height) / 64);
    context.strokeRect(0, 0, width, height);
    const [middleX, middleY] = [width / 2, height / 2];
    const arm = Math.min(width, height) / 8;
    context.beginPath();
    context.moveTo(middleX - arm, middleY - arm);
    context.lineTo(middleX + arm, middleY + arm);
    context.moveTo(middleX + arm, middleY - arm);
    context.lineTo(middleX - arm, middleY + arm);
    context.stroke();
  }
  return canvas.transferToImageBitmap();
}
