"""Segmind's PixelFlow workflows: two examples, run step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request
from segmind_widgets.sandbox.services.segmind_requests import inputs_of, job_of, reserve
from segmind_widgets.sandbox.services.service import CheckKey, Context, Route, aside
from segmind_widgets.sandbox.services.studio import used_seed
from segmind_widgets.sandbox.state.jobs import Job, Output
from segmind_widgets.sandbox.state.models import Model, invalid_field


@dataclass(frozen=True)
class Step:
    """A run of a model. An input `"{name}"` stands for a workflow input or an earlier result."""

    label: str
    model: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Workflow:
    """A workflow. `properties` are the JSON Schemas of its inputs, all with defaults."""

    id: str
    slug: str
    steps: Sequence[Step]
    properties: Mapping[str, Any] = field(default_factory=dict)


_PICTURE = {"type": "string", "format": "uri", "contentMediaType": "image/*"}
WORKFLOWS = (
    Workflow(
        id="65c9c7f641c340d7ef2f7134-v1",
        slug="product-photo",
        properties={
            "background": {
                **_PICTURE,
                "default": "https://images.segmind.com/inputs/0603aa80-8c3a-4058-a624-465275e27b44.jpg",
            },
            "product_prompt": {
                "type": "string",
                "default": "A sleek running shoe in electric blue and neon green, studio light",
            },
        },
        steps=(
            Step(
                "Product photo",
                "seedream-4.5",
                {"prompt": "{product_prompt}", "image_input": ["{background}"]},
            ),
        ),
    ),
    Workflow(
        id="66b2f0a9d8e14c7b93a50d21-v1",
        slug="poster-with-caption",
        properties={
            "subject": {"type": "string", "default": "a lighthouse in the evening"},
            "aspect_ratio": {
                "type": "string",
                "enum": ["1:1", "4:3", "3:4", "16:9", "9:16"],
                "default": "3:4",
            },
        },
        steps=(
            Step(
                "Poster",
                "nano-banana",
                {"prompt": "{subject}", "aspect_ratio": "{aspect_ratio}"},
            ),
            Step("Large poster", "esrgan", {"image": "{Poster}"}),
            Step(
                "Caption",
                "gpt-4o",
                {"messages": [{"role": "user", "content": "{subject}"}]},
            ),
        ),
    ),
)


class Workflows:
    """Runs workflows.

    `output` is documented as a JSON string of names and values; the setting `workflow_output`
    selects other forms.
    """

    def __init__(self, context: Context, check_key: CheckKey) -> None:
        self._context, self._check_key = context, check_key

    def routes(self) -> Sequence[Route]:
        """Return the endpoints."""
        key = self._check_key
        return (
            Route("GET", r"/workflows/request/([^/]+)", self._poll, key),
            Route("POST", r"/workflows/(?:v2/)?([^/]+)", self._submit, key),
        )

    async def _submit(self, request: Request) -> Answer:
        """Check a run, reserve its cost, and start the job."""
        name = request.args[0]
        workflow = next((w for w in WORKFLOWS if name in (w.id, w.slug)), None)
        if workflow is None:
            raise Refusal(404, "Workflow not found")
        jobs = self._context.jobs
        defaults = {name: schema["default"] for name, schema in workflow.properties.items()}
        inputs = {**defaults, **inputs_of(request)}
        await aside(self._check, workflow, inputs)
        models = [self._model(step) for step in workflow.steps]
        cost = round(sum(model.cost for model in models), 6)
        reserve(self._context, cost)
        seed = used_seed(inputs)
        seconds = sum(model.seconds for model in models)
        fault = request.failing("job_failed")
        job = Job(
            kind="workflow",
            model=workflow.id,
            inputs=inputs,
            seed=seed,
            cost=cost,
            seconds=jobs.duration(seconds, [workflow.id, inputs, seed]),
            failing=fault.words if fault else "",
        )
        request.billed = True
        origin = self._context.origins["segmind"]
        jobs.start(job, self._context.accounts["segmind"], self._run(workflow, inputs, seed))
        body = {
            "message": "Workflow request queued",
            "poll_url": f"{origin}/workflows/request/{job.id}",
            "request_id": job.id,
            "status": "QUEUED",
        }
        form = self._context.settings.workflow_reply
        return Answer(body if form == "all" else {form: body[form]})

    def _check(self, workflow: Workflow, inputs: Mapping[str, Any]) -> None:
        """Refuse invalid inputs with 400 or 422."""
        schema = {"type": "object", "properties": workflow.properties}
        problem = invalid_field(schema, inputs)
        if problem:
            raise Refusal(400, problem)
        self._context.studio.media(schema, inputs)

    def _model(self, step: Step) -> Model:
        """Find the model of a step."""
        model = self._context.models.get("segmind", step.model)
        if model is None:
            raise Refusal(404, f"Model {step.model} not found")
        return model

    async def _run(self, workflow: Workflow, inputs: Mapping[str, Any], seed: int) -> list[Output]:
        """Run the steps in order; later steps refer to a result by its step's label."""
        values, outputs = dict(inputs), []
        studio = self._context.studio
        for step in workflow.steps:
            model = self._model(step)
            parameters = model.with_defaults(_filled(step.inputs, values))
            media = await aside(studio.media, model.schema, parameters)
            output = (await studio.run(model, parameters, seed, media))[0]
            values[step.label] = output.value
            outputs.append(replace(output, label=step.label))
        return outputs

    def _poll(self, request: Request) -> Answer:
        """Return the state of a run, with its output after completion."""
        job = job_of(self._context, request, "workflow")
        body: dict[str, Any] = {"request_id": job.id, "status": job.status}
        if job.status == "COMPLETED":
            body["output"] = self._output(job)
            body["metrics"] = job.times
        if job.status == "FAILED":
            body["error"] = body["error_message"] = job.error
        return Answer(body)

    def _output(self, job: Job) -> Any:
        """Return the outputs in the form of `workflow_output`."""
        form = self._context.settings.workflow_output
        if form == "url":
            return job.outputs[0].value
        if form == "dict":
            return {output.label: output.value for output in job.outputs}
        return json.dumps(
            [
                {
                    "keyname": output.label,
                    "value": {"data": output.value, "type": _kind(output)},
                }
                for output in job.outputs
            ]
        )


def _kind(output: Output) -> str:
    """Return the kind of an output: image, video, audio or text."""
    return output.file.media_type.partition("/")[0] if output.file else "text"


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Replace each `"{name}"` in a template by its value."""
    if isinstance(template, str) and template.startswith("{") and template.endswith("}"):
        return values[template[1:-1]]
    if isinstance(template, Mapping):
        return {name: _filled(value, values) for name, value in template.items()}
    if isinstance(template, Sequence) and not isinstance(template, str):
        return [_filled(item, values) for item in template]
    return template
