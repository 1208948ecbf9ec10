// A code out of a photo: for phones whose camera the browser does not get, taken or chosen as a file.
const LONGEST_SIDE = 1600;

export async function readPhoto(file, decoderUrl) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const worker = new Worker(decoderUrl);
  try {
    return await new Promise((resolve) => {
      worker.onmessage = ({ data: text }) => resolve(text);
      worker.onerror = () => resolve(null);
      worker.postMessage({ width, height, data, isPhoto: true }, [data.buffer]);
    });
  } finally {
    worker.terminate();
  }
}
