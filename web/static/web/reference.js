// Shows the OpenAPI document of this server in Swagger UI. Its deep links are off: they are links inside buttons, which
// screen readers cannot handle.

const reference = document.getElementById("reference");

if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark-mode");

// Labels the fields for screen readers, and makes scrollable examples reachable by keyboard.
function addLabels() {
  for (const row of reference.querySelectorAll("[data-param-name]")) {
    for (const field of row.querySelectorAll("select, input, textarea")) field.ariaLabel ??= row.dataset.paramName;
  }
  for (const example of reference.querySelectorAll("pre.microlight")) example.tabIndex = 0;
}
new MutationObserver(addLabels).observe(reference, { childList: true, subtree: true });

SwaggerUIBundle({
  domNode: reference,
  url: reference.dataset.schema,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
