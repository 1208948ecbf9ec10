// A worker: one picture in (a bitmap, or its pixels), the text of its QR code or null out.
import decodeQR from "qr/decode.js";

const PHOTO_MS = 3000;
const THOROUGH_MS = 100;
const QUICK_MS = 12; // of second looks at a picture; the first is always whole

let canvas = null;

function pixels({ bitmap, width, height }) {
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

self.onmessage = ({ data: picture }) => {
  let text = null;
  try {
    const timeLimit = picture.isPhoto ? PHOTO_MS : picture.isThorough ? THOROUGH_MS : QUICK_MS;
    const effort = picture.isPhoto || picture.isThorough ? Infinity : 2;
    text = decodeQR(picture.bitmap ? pixels(picture) : picture, { effort, timeLimit });
  } catch {
    // no code in this picture; the next one comes soon
  }
  self.postMessage(text);
};
