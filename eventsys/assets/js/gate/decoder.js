// A worker: one picture in, the text of its QR code or null out.
import decodeQR from "qr/decode.js";

self.onmessage = ({ data: picture }) => {
  let text = null;
  try {
    text = decodeQR(picture, { effort: Infinity, timeLimit: picture.isPhoto ? 3000 : 100 });
  } catch {
    // no code in this picture; the next one comes soon
  }
  self.postMessage(text);
};
