// Swagger UI for [data-openapi-url]. The description comes from this host, and no validator elsewhere is asked.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

for (const element of document.querySelectorAll("[data-openapi-url]")) {
  SwaggerUI({
    url: element.dataset.openapiUrl,
    domNode: element,
    deepLinking: true,
    validatorUrl: null,
    displayRequestDuration: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    requestInterceptor(request) {
      const token = document.querySelector('meta[name="csrf-token"]')?.content;
      if (token) request.headers["X-CSRFToken"] = token;
      return request;
    },
  });
}
