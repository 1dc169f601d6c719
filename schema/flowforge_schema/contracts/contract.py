"""What all contracts share: how a request is judged, how its values reach a row, how a row is shown."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import (
    MISSING,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    Secret,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from flowforge_schema.errors import ConcurrentUpdateError


class Contract(BaseModel):
    """What a table takes from outside: a value passes here exactly if the columns take it, or is refused with its reason.

    It says what may be stored, not who may store it: an endpoint for everybody declares a contract of its own with fewer
    fields, of the types in `flowforge_schema.contracts.fields`.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    # The column by which a second writer is told; not itself a value to store.
    version_column: ClassVar[str] = "lock_version"

    @model_validator(mode="wrap")
    @classmethod
    def _keep_what_was_sent_out_of_errors(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report errors without the input that caused them.

        It may be a secret, and it may be what no JSON answer can hold: NaN, an infinity, a lone surrogate. With it, FastAPI's
        own answer 422 would fail while it is written, and the client would get a 500.
        """
        try:
            return handler(data)
        except ValidationError as error:
            raise ValidationError.from_exception_data(error.title, _without_input(error)) from None

    def column_values(self) -> dict[str, Any]:
        """Return what was said, by column, secrets uncovered: `User(**contract.column_values())`."""
        said = {name: getattr(self, name) for name in type(self).model_fields if name != self.version_column}
        return {
            name: value.get_secret_value() if isinstance(value, Secret) else value
            for name, value in said.items()
            if value is not MISSING
        }

    def apply_to(self, row: object) -> None:
        """Change a row's columns to what was said; the others stay.

        Raises ConcurrentUpdateError where the row has been changed since the caller read it. A change between here and the
        flush is told by the row's `lock_version` itself, with the same error.
        """
        expected = getattr(self, self.version_column, None)
        if expected is not None and expected != getattr(row, self.version_column):
            raise ConcurrentUpdateError
        for column, value in self.column_values().items():
            setattr(row, column, value)


class Row(BaseModel):
    """What a table shows: columns but secrets, read from an object of the model; no limits, a row has passed them.

    Whatever a row holds is shown, also what this release does not expect and a newer one may write: a label that it added, NULL
    or another shape of JSON where it allowed that. The JSON Schema says what this release writes itself.
    """

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _take_what_there_is(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            return value

    # Without a type of its own, a value is written as what it is; one given here would replace the field's in the JSON Schema.
    @field_serializer("*")
    def _show_what_there_is(self, value: Any):  # type: ignore[no-untyped-def]  # noqa: ANN202 - see above
        return value


def _without_input(error: ValidationError) -> list[InitErrorDetails]:
    return [
        InitErrorDetails(
            type=PydanticCustomError(line["type"], line["msg"]),
            loc=line["loc"],
            input=None,
        )
        for line in error.errors(include_url=False, include_context=False, include_input=False)
    ]
